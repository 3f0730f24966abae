import TallyrollFormat

extension RecordFields {
    /// What has to be read for some fields. A path of `details` or `extra` takes the whole object.
    package init(_ fields: some Sequence<Field>) {
        self.init()
        for field in fields {
            switch field {
            case .sequence, .time, .recorded, .type: break
            case .result: hasOutcome = true
            case .duration: hasDuration = true
            case .resource:
                insert(.resourceType)
                insert(.resourceID)
            case .text:
                insert(.message)
                insert(.error)
                insert(.details)
            case .id: insert(.id)
            case .user: insert(.user)
            case .severity: insert(.severity)
            case .action: insert(.action)
            case .resourceType: insert(.resourceType)
            case .resourceID: insert(.resourceID)
            case .error: insert(.error)
            case .component: insert(.component)
            case .message: insert(.message)
            case .ip: insert(.ip)
            case .agent: insert(.userAgent)
            case .request: insert(.requestID)
            case .session: insert(.sessionID)
            case .correlation: insert(.correlationID)
            case .details: insert(.details)
            case .extra: insert(.extra)
            }
        }
    }
}
