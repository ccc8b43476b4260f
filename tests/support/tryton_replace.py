"""Merges a party of Tryton into another; runs in Tryton's own virtual environment, never in ours.

python tryton_replace.py CONFIG DATABASE PARTY BY
"""

import sys

from proteus import Model, Wizard, config


def replace(party, by):
    """Run the wizard that people use for it; they are warned where the names differ."""
    parties = Model.get("party.party")
    config.get_config().skip_warning = True
    wizard = Wizard("party.replace", [parties(party)])
    wizard.form.destination = parties(by)
    wizard.execute("replace")


if __name__ == "__main__":
    config_file, database, *ids = sys.argv[1:]
    config.set_trytond(database, config_file=config_file)
    replace(*map(int, ids))
