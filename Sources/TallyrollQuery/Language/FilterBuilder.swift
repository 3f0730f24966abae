import TallyrollFormat

extension Filter {
    /// Every event.
    public static var all: Filter { .constant(true) }
    /// No event.
    public static var none: Filter { .constant(false) }

    /// The field equals the text exactly; for `details` and `extra`, is a string equal to it.
    public static func equal(_ field: Field, _ text: String) -> Filter {
        .comparison(field, .equal, .text(text))
    }

    /// The field equals one of the texts.
    public static func oneOf(_ field: Field, _ texts: [String]) -> Filter {
        .membership(field, texts.map { .text($0) })
    }

    /// The glob (`*` any text, `?` one character) fits the whole of the field.
    public static func matches(_ field: Field, _ glob: String) -> Filter {
        .comparison(field, .matches, .text(glob))
    }

    /// The text occurs in the field; ASCII letters match in either case.
    public static func contains(_ field: Field, _ text: String) -> Filter {
        .comparison(field, .contains, .text(text))
    }

    /// The event with this id.
    public static func id(_ id: String) -> Filter { equal(.id, id) }
    /// Events of this user.
    public static func user(_ user: String) -> Filter { equal(.user, user) }
    /// Events of any of these users.
    public static func user(in users: [String]) -> Filter { oneOf(.user, users) }
    /// Events of this type.
    public static func type(_ type: EventType) -> Filter { equal(.type, type.rawValue) }
    /// Events of the type of this name.
    public static func type(_ name: String) -> Filter { equal(.type, name) }
    /// Events of any of these types.
    public static func type(in types: [EventType]) -> Filter { oneOf(.type, types.map(\.rawValue)) }
    /// Events of any of the types of these names.
    public static func type(in names: [String]) -> Filter { oneOf(.type, names) }
    /// Events of exactly this severity.
    public static func severity(_ severity: Severity) -> Filter { equal(.severity, severity.rawValue) }
    /// Events of any of these severities.
    public static func severity(in severities: [Severity]) -> Filter {
        oneOf(.severity, severities.map(\.rawValue))
    }
    /// Events at least as serious as this, which must be one of `Severity.ranked`.
    public static func severity(atLeast severity: Severity) -> Filter {
        .comparison(.severity, .greaterOrEqual, .text(severity.rawValue))
    }
    /// Events at most as serious as this, which must be one of `Severity.ranked`.
    public static func severity(atMost severity: Severity) -> Filter {
        .comparison(.severity, .lessOrEqual, .text(severity.rawValue))
    }
    /// Events of this action.
    public static func action(_ action: String) -> Filter { equal(.action, action) }
    /// Events on this resource.
    public static func resource(type: String, id: String) -> Filter {
        .and([equal(.resourceType, type), equal(.resourceID, id)])
    }
    /// Events on this resource; on all of its type, or with its id, when the other is nil.
    public static func resource(_ resource: Resource) -> Filter {
        let type = resource.type.map { equal(.resourceType, $0) }
        return all(of: [type, resource.id.map { equal(.resourceID, $0) }].compactMap(\.self))
    }
    /// Events on resources of this type.
    public static func resourceType(_ type: String) -> Filter { equal(.resourceType, type) }
    /// The field is there.
    public static func has(_ field: Field) -> Filter { .exists(field) }
    /// The field is not there.
    public static func lacks(_ field: Field) -> Filter { .not(.exists(field)) }
    /// Events that ended so.
    public static func result(_ result: ResultKind) -> Filter {
        .comparison(.result, .equal, .result(result))
    }
    /// Events of this component.
    public static func component(_ component: String) -> Filter { equal(.component, component) }
    /// Events from this address.
    public static func ip(_ ip: String) -> Filter { equal(.ip, ip) }
    /// Events of this request.
    public static func request(_ id: String) -> Filter { equal(.request, id) }
    /// Events of this session.
    public static func session(_ id: String) -> Filter { equal(.session, id) }
    /// Events with this correlation id.
    public static func correlation(_ id: String) -> Filter { equal(.correlation, id) }
    /// Events whose message, error or details hold this text; ASCII letters match in either case.
    public static func text(contains text: String) -> Filter { contains(.text, text) }

    /// The value at the path in `details` is this string.
    public static func details(_ path: FieldPath, equals text: String) -> Filter {
        equal(.details(path), text)
    }
    /// The value at the path in `details` is this number (or a string of its digits).
    public static func details(_ path: FieldPath, equals number: Int64) -> Filter {
        details(path, .equal, number)
    }
    /// The value at the path in `details` is this truth value (or a string of its name).
    public static func details(_ path: FieldPath, equals flag: Bool) -> Filter {
        .comparison(.details(path), .equal, word(flag ? "true" : "false"))
    }
    /// The value at the path in `details` compares with the number as asked.
    public static func details(_ path: FieldPath, _ operation: Operator, _ number: Int64) -> Filter {
        .comparison(.details(path), operation, word(String(number)))
    }

    private static func word(_ text: String) -> Value {
        BareWord(text).map(Value.word) ?? .text(text)
    }
}

extension Filter {
    /// Events that happened in the last hours, counted from the moment at which the query runs.
    public static func since(hours: Int) -> Filter { since(offset(hours, unit: 3_600_000_000_000)) }
    /// Events that happened in the last minutes, counted from the moment at which the query runs.
    public static func since(minutes: Int) -> Filter { since(offset(minutes, unit: 60_000_000_000)) }
    /// Events that happened in the last days of 24 hours, counted from the moment at which the query runs.
    public static func since(days: Int) -> Filter { since(offset(days, unit: 86_400_000_000_000)) }

    /// Events that happened at this time or later.
    public static func since(_ point: TimePoint) -> Filter {
        .comparison(.time, .greaterOrEqual, .time(point))
    }
    /// Events that happened before this time.
    public static func before(_ point: TimePoint) -> Filter { .comparison(.time, .less, .time(point)) }
    /// Events that happened at this time or later.
    public static func since(_ time: Timestamp) -> Filter {
        since(.absolute(nanoseconds: time.nanosecondsSince1970))
    }
    /// Events that happened before this time.
    public static func before(_ time: Timestamp) -> Filter {
        before(.absolute(nanoseconds: time.nanosecondsSince1970))
    }
    /// Events that happened within these times, the second excluded.
    public static func during(_ times: Range<Timestamp>) -> Filter {
        .and([since(times.lowerBound), before(times.upperBound)])
    }
    /// Events that took less than this long.
    public static func duration(lessThan duration: Duration) -> Filter {
        .comparison(.duration, .less, .duration(nanoseconds: duration.clampedNanoseconds))
    }
    /// Events that took at least this long.
    public static func duration(atLeast duration: Duration) -> Filter {
        .comparison(.duration, .greaterOrEqual, .duration(nanoseconds: duration.clampedNanoseconds))
    }

    private static func offset(_ count: Int, unit: Int64) -> TimePoint {
        let (product, overflow) = Int64(count).multipliedReportingOverflow(by: -unit)
        return .relative(nanoseconds: overflow ? (count > 0 ? Int64.min + 1 : Int64.max) : product)
    }
}

extension Duration {
    /// In nanoseconds, as far as 64 bits reach.
    fileprivate var clampedNanoseconds: Int64 {
        let parts = components
        let (whole, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = whole.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
        return overflow || overflowToo ? (parts.seconds < 0 ? Int64.min : Int64.max) : sum
    }
}
