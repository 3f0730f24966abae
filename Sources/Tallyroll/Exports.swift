// One import for applications: the public types of the layers below are part of this module's face. What they keep to
// themselves is `package`, and does not come along.
@_exported import TallyrollFormat
@_exported import TallyrollIntegrity
@_exported import TallyrollQuery
@_exported import TallyrollStore
