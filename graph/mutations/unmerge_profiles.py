from graph.context import GatewayInfo
from graph.merges import carried_out, names_of, parting, shown
from graph.model.identity import identity_name
from graph.types.inputs import sent
from graph.types.merge import UnmergeProfilesInput, UnmergeProfilesPayload


async def unmerge_profiles(
    info: GatewayInfo, input: UnmergeProfilesInput
) -> UnmergeProfilesPayload:
    """Take a profile out of the one that absorbed it, all or nothing."""
    absorbed = str(input.absorbed_id)
    region = info.context.wiring.normalising(info.context.principal.tenant).region
    keys = {
        (item.channel, identity_name(item.channel, item.value, region).value)
        for item in sent(input.identities) or ()
    }
    rewrite = parting(absorbed, {"identities": keys}, sent(input.if_version))
    done = await carried_out(info, [absorbed], rewrite, is_preview=input.preview)
    names = names_of(info.context.plan.customer_schema)
    return UnmergeProfilesPayload(
        profile=await shown(info, done, done.shown, is_preview=input.preview),
        restored=await shown(info, done, absorbed, is_preview=input.preview),
        written_since=sorted(names.get(one, one) for one in done.since),
        is_preview=input.preview,
    )
