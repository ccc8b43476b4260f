"""The root Mutation: one file per verb; who may call it was decided before it runs."""

import strawberry

from graph.mutations.add_identity import add_identity
from graph.mutations.break_glass import BreakGlassPayload, break_glass
from graph.mutations.create_profile import create_profile
from graph.mutations.define_field import DefineFieldPayload, define_field
from graph.mutations.dismiss_suggestion import DismissSuggestionPayload, dismiss_suggestion
from graph.mutations.labels import add_label, remove_label
from graph.mutations.merge_profiles import merge_profiles
from graph.mutations.purge_field import PurgeFieldPayload, purge_field
from graph.mutations.recognise_customer import RecogniseCustomerPayload, recognise_customer
from graph.mutations.record_consent import record_consent
from graph.mutations.record_interaction import RecordInteractionPayload, record_interaction
from graph.mutations.remove_identity import remove_identity
from graph.mutations.retire_field import RetireFieldPayload, retire_field
from graph.mutations.reveal_field import RevealFieldPayload, reveal_a_field
from graph.mutations.review_break_glass import ReviewBreakGlassPayload, review_break_glass
from graph.mutations.saved_filters import SavedFiltersPayload, remove_filter, save_filter
from graph.mutations.set_access_rules import SetAccessRulesPayload, set_access_rules
from graph.mutations.set_preference import set_preference
from graph.mutations.unmerge_profiles import unmerge_profiles
from graph.mutations.update_profile import update_profile
from graph.mutations.write_to_source import WriteToSourcePayload, write_to_source
from graph.types.merge import MergeProfilesPayload, UnmergeProfilesPayload
from graph.types.payloads import ProfilePayload


@strawberry.type(description="What can be changed; each change is carried out whole or not at all.")
class Mutation:
    recognise_customer: RecogniseCustomerPayload = strawberry.mutation(
        resolver=recognise_customer,
        description="Who reaches us on a channel; an anonymous profile when nobody knows.",
    )
    create_profile: ProfilePayload = strawberry.mutation(
        resolver=create_profile, description="Keep a new profile."
    )
    update_profile: ProfilePayload = strawberry.mutation(
        resolver=update_profile, description="Change what is sent, leave the rest."
    )
    add_identity: ProfilePayload = strawberry.mutation(
        resolver=add_identity, description="Claim a channel identity for a profile."
    )
    remove_identity: ProfilePayload = strawberry.mutation(
        resolver=remove_identity, description="Give a channel identity up."
    )
    merge_profiles: MergeProfilesPayload = strawberry.mutation(
        resolver=merge_profiles,
        description="Let one profile absorb another that is the same person; can be undone.",
    )
    unmerge_profiles: UnmergeProfilesPayload = strawberry.mutation(
        resolver=unmerge_profiles,
        description="Take a profile out of the one that absorbed it.",
    )
    dismiss_suggestion: DismissSuggestionPayload = strawberry.mutation(
        resolver=dismiss_suggestion,
        description="Say that two profiles are two people: they aren't suggested as one again.",
    )
    record_interaction: RecordInteractionPayload = strawberry.mutation(
        resolver=record_interaction,
        description="Keep an interaction, once for each external id; told again, it is added to.",
    )
    record_consent: ProfilePayload = strawberry.mutation(
        resolver=record_consent,
        description="Record what a person said about a purpose; nothing said before is lost.",
    )
    set_preference: ProfilePayload = strawberry.mutation(
        resolver=set_preference,
        description="Change how a person wants to be contacted: what is sent, leave the rest.",
    )
    add_label: ProfilePayload = strawberry.mutation(
        resolver=add_label, description="Put a label on a profile, once."
    )
    remove_label: ProfilePayload = strawberry.mutation(
        resolver=remove_label, description="Take a label off a profile."
    )
    write_to_source: WriteToSourcePayload = strawberry.mutation(
        resolver=write_to_source,
        description="Have the CRM that owns values take others; they are kept until it has.",
    )
    define_field: DefineFieldPayload = strawberry.mutation(
        resolver=define_field,
        description="Define a custom field, or a new version of the one with its key.",
    )
    retire_field: RetireFieldPayload = strawberry.mutation(
        resolver=retire_field,
        description="Hide a custom field and keep its values; its channels and claims end.",
    )
    purge_field: PurgeFieldPayload = strawberry.mutation(
        resolver=purge_field,
        description="Remove all that a retired field left in profiles; nothing brings it back.",
    )
    set_access_rules: SetAccessRulesPayload = strawberry.mutation(
        resolver=set_access_rules,
        description="Change who may see what in your tenant; in force with the next request.",
    )
    save_filter: SavedFiltersPayload = strawberry.mutation(
        resolver=save_filter, description="Keep a filter under a name, for yourself."
    )
    remove_filter: SavedFiltersPayload = strawberry.mutation(
        resolver=remove_filter, description="Forget a filter of yours."
    )
    reveal_field: RevealFieldPayload = strawberry.mutation(
        resolver=reveal_a_field,
        description="See one masked value in clear; it is recorded before the value is read.",
    )
    break_glass: BreakGlassPayload = strawberry.mutation(
        resolver=break_glass,
        description="Declare an emergency: more access to one customer for a while, and a review.",
    )
    review_break_glass: ReviewBreakGlassPayload = strawberry.mutation(
        resolver=review_break_glass, description="Judge an emergency that somebody else declared."
    )
