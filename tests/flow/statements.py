"""What callers send to say something about a person, and to ask for it."""

CONSENT = """
mutation ($input: RecordConsentInput!) {
  recordConsent(input: $input) {
    profile { version consents { purpose status isGranted isCurrent jurisdiction } }
  }
}
"""
PREFER = """
mutation ($input: SetPreferenceInput!) {
  setPreference(input: $input) {
    profile {
      version
      preferences {
        channels language timeZone doNotContact times { days begin end }
        exclusions { channel purpose }
      }
    }
  }
}
"""
LABEL = """
mutation ($input: AddLabelInput!) {
  addLabel(input: $input) { profile { version labels { name origin } } }
}
"""
UNLABEL = """
mutation ($input: RemoveLabelInput!) {
  removeLabel(input: $input) { profile { version labels { name } } }
}
"""
MAY = """
query ($id: ID!, $channel: Channel! = EMAIL, $purpose: String) {
  profile(id: $id) { mayContact(channel: $channel, purpose: $purpose) { allowed reason } }
}
"""
SAID = """
query ($id: ID!, $purposes: [String!]) {
  profile(id: $id) {
    consents(purposes: $purposes, former: true) { purpose status isCurrent isGranted givenAt }
  }
}
"""
PROOFS = "query ($id: ID!) { profile(id: $id) { consents { status proof } } }"
WHOLE = """
query ($id: ID!) {
  profile(id: $id) {
    preferences { channels doNotContact said { attribute by source } }
    labels { name by source }
  }
}
"""
LABELLED = """
query ($where: ProfileFilter!) { profiles(where: $where) { totalCount edges { node { id } } } }
"""
SAVE = "mutation ($input: SaveFilterInput!) { saveFilter(input: $input) { savedFilters { name } } }"
SAVED = '{ profiles(savedFilter: "vips") { edges { node { id } } } }'
