"""Fills a fresh Tryton database; runs in Tryton's own virtual environment, never in ours.

    python tryton_seed.py CONFIG DATABASE PARTIES

Prints one JSON object: {"key": a key for the REST interface, "parties": [...]}.
"""

import json
import sys

from proteus import Model, config

LANGUAGES = ("en", "de", "fr")
CATEGORIES = ("Gold", "Silver", "Bronze")


def seeded(user, count):
    """The key and the parties of a database that holds `count` new parties."""
    languages = {one.code: one for one in Model.get("ir.lang").find([])}
    categories = {name: _category(name) for name in CATEGORIES}
    parties = [_party(number, languages, categories) for number in range(1, count + 1)]
    Model.get("party.party").save(parties)
    return {"key": _key(user), "parties": [_told(party) for party in parties]}


def _category(name):
    category = Model.get("party.category")(name=name)
    category.save()
    return category


def _party(number, languages, categories):
    party = Model.get("party.party")(name=f"Customer {number:03}", code=f"C-{number:04}")
    party.lang = languages[LANGUAGES[number % len(LANGUAGES)]]
    category = categories[CATEGORIES[number % len(CATEGORIES)]]
    # An object can hang below one party alone, so each party has one of its own.
    party.categories.append(Model.get("party.category")(category.id))
    party.contact_mechanisms.new(type="email", value=f"customer{number}@example.com")
    party.contact_mechanisms.new(type="phone", value=f"+1202555{number:04}")
    return party


def _told(party):
    values = {mechanism.type: mechanism.value for mechanism in party.contact_mechanisms}
    return {
        "id": party.id,
        "code": party.code,
        "name": party.name,
        "language": party.lang.code,
        "category": party.categories[0].name,
        **values,
    }


def _key(user):
    application = Model.get("res.user.application")(application="rest", user=user)
    application.save()
    if application.state != "validated":
        application.click("validate_")
    return application.key


if __name__ == "__main__":
    config_file, database, parties = sys.argv[1:]
    session = config.set_trytond(database, config_file=config_file)
    sys.stdout.write(json.dumps(seeded(session.user, int(parties))))
