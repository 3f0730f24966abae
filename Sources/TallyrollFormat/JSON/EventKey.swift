/// The keys that an event's JSON shape gives a meaning to. Those that are fields of a record have the field's raw
/// value; a set of keys fits the bits of a `UInt32`.
package enum EventKey: UInt8, CaseIterable, Sendable {
    case type = 0
    case severity = 1
    case action = 2
    case resourceType = 3
    case component = 4
    case id = 5
    case user = 6
    case resourceID = 7
    case message = 9
    case ip = 10
    case userAgent = 11
    case requestID = 12
    case sessionID = 13
    case correlationID = 14
    case details = 15
    case timestamp = 17
    case result = 18
    case duration = 19
    case sequence = 20
    case recordedAt = 21
    case previousHash = 22
    case eventHash = 23
    /// Any other key.
    case unknown = 31

    /// The field that holds the value, for keys whose value is kept as text.
    @inline(__always)
    package var field: StringField? {
        rawValue <= EventKey.details.rawValue ? StringField(rawValue: rawValue) : nil
    }

    @inline(__always)
    package var bit: UInt32 { 1 << UInt32(rawValue) }

    /// The keys whose values the store makes itself: an input may hold them (it may be an export), and then they
    /// are kept among the members that no field holds.
    package static let storeOwn: UInt32 =
        EventKey.sequence.bit | EventKey.recordedAt.bit | EventKey.previousHash.bit | EventKey.eventHash.bit

    /// The key as it is written.
    package var name: String {
        switch self {
        case .type: "event_type"
        case .severity: "severity"
        case .action: "action"
        case .resourceType: "resource_type"
        case .component: "component"
        case .id: "id"
        case .user: "user_id"
        case .resourceID: "resource_id"
        case .message: "message"
        case .ip: "ip_address"
        case .userAgent: "user_agent"
        case .requestID: "request_id"
        case .sessionID: "session_id"
        case .correlationID: "correlation_id"
        case .details: "details"
        case .timestamp: "timestamp"
        case .result: "result"
        case .duration: "duration_ms"
        case .sequence: "sequence"
        case .recordedAt: "recorded_at"
        case .previousHash: "previous_hash"
        case .eventHash: "event_hash"
        case .unknown: ""
        }
    }

    /// The key that `name` is: its first eight bytes choose, its last eight decide.
    @inline(__always)
    package init(_ name: ByteView) {
        let count = name.count
        guard count >= 2, count <= 14 else {
            self = .unknown
            return
        }
        let first = EventKey.word(name)
        let last = count <= 8 ? first : name.load(UInt64.self, at: count - 8)
        self = EventKey(first, last, count)
    }

    /// The first eight bytes of `name`, zeros behind its end.
    @inline(__always)
    private static func word(_ name: ByteView) -> UInt64 {
        if name.count >= 8 { return name.load(UInt64.self, at: 0) }
        if name.count >= 4 {
            let low = UInt64(name.load(UInt32.self, at: 0))
            let high = UInt64(name.load(UInt32.self, at: name.count - 4))
            return low | high << UInt64((name.count - 4) * 8)
        }
        let low = UInt64(name.load(UInt16.self, at: 0))
        return low | UInt64(name[name.count - 1]) << UInt64((name.count - 1) * 8)
    }

    @inline(__always)
    private init(_ first: UInt64, _ last: UInt64, _ count: Int) {
        // The words are the names' bytes, little-endian.
        switch first {
        case 0x7974_5F74_6E65_7665: self = count == 10 && last == 0x6570_7974_5F74_6E65 ? .type : .unknown
        case 0x7974_6972_6576_6573: self = count == 8 ? .severity : .unknown
        case 0x6E6F_6974_6361: self = count == 6 ? .action : .unknown
        case 0x6563_7275_6F73_6572:
            if count == 13 && last == 0x6570_7974_5F65_6372 {
                self = .resourceType
            } else if count == 11 && last == 0x6469_5F65_6372_756F {
                self = .resourceID
            } else {
                self = .unknown
            }
        case 0x6E65_6E6F_706D_6F63: self = count == 9 && last == 0x746E_656E_6F70_6D6F ? .component : .unknown
        case 0x6469: self = count == 2 ? .id : .unknown
        case 0x64_695F_7265_7375: self = count == 7 ? .user : .unknown
        case 0x65_6761_7373_656D: self = count == 7 ? .message : .unknown
        case 0x6572_6464_615F_7069: self = count == 10 && last == 0x7373_6572_6464_615F ? .ip : .unknown
        case 0x6567_615F_7265_7375:
            self = count == 10 && last == 0x746E_6567_615F_7265 ? .userAgent : .unknown
        case 0x5F74_7365_7571_6572:
            self = count == 10 && last == 0x6469_5F74_7365_7571 ? .requestID : .unknown
        case 0x5F6E_6F69_7373_6573:
            self = count == 10 && last == 0x6469_5F6E_6F69_7373 ? .sessionID : .unknown
        case 0x7461_6C65_7272_6F63:
            self = count == 14 && last == 0x6469_5F6E_6F69_7461 ? .correlationID : .unknown
        case 0x73_6C69_6174_6564: self = count == 7 ? .details : .unknown
        case 0x6D61_7473_656D_6974: self = count == 9 && last == 0x706D_6174_7365_6D69 ? .timestamp : .unknown
        case 0x746C_7573_6572: self = count == 6 ? .result : .unknown
        case 0x6E6F_6974_6172_7564: self = count == 11 && last == 0x736D_5F6E_6F69_7461 ? .duration : .unknown
        case 0x6563_6E65_7571_6573: self = count == 8 ? .sequence : .unknown
        case 0x6465_6472_6F63_6572:
            self = count == 11 && last == 0x7461_5F64_6564_726F ? .recordedAt : .unknown
        case 0x7375_6F69_7665_7270:
            self = count == 13 && last == 0x6873_6168_5F73_756F ? .previousHash : .unknown
        case 0x6168_5F74_6E65_7665:
            self = count == 10 && last == 0x6873_6168_5F74_6E65 ? .eventHash : .unknown
        default: self = .unknown
        }
    }
}
