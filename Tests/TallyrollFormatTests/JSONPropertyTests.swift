import Testing

@testable import TallyrollFormat

/// Random events, written, read and written again; random damage, which must be an error or harmless.
@Suite struct JSONPropertyTests {
    private struct Maker {
        var random: SeededRandom

        mutating func text(atMost limit: Int = 40) -> String {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...limit, using: &random) {
                let range: ClosedRange<UInt32> =
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0: 0...0x1F
                    case 1: 0x20...0x2F
                    case 2: 0x5B...0x5D
                    case 3: 0x80...0x7FF
                    case 4: 0x800...0xFFFF
                    case 5: 0x1_0000...0x10_FFFF
                    default: 0x61...0x7A
                    }
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
                    scalars.append(scalar)
                }
            }
            return String(scalars)
        }

        mutating func maybe(_ make: (inout Maker) -> String) -> String? {
            Bool.random(using: &random) ? make(&self) : nil
        }

        mutating func string() -> String {
            var out = ByteWriter()
            text(atMost: 12).withView { out.escaped($0) }
            return "\"" + out.view.string + "\""
        }

        mutating func value(depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
            case 0: return "null"
            case 1: return Bool.random(using: &random) ? "true" : "false"
            case 2: return "\(Int64(truncatingIfNeeded: random.next()))"
            case 3: return "-0.\(random.next())E-\(random.next() % 400)"
            case 4, 5: return string()
            case 6:
                var parts: [String] = []
                for _ in 0..<Int.random(in: 0...4, using: &random) { parts.append(value(depth: depth + 1)) }
                return "[" + parts.joined(separator: Bool.random(using: &random) ? "," : " ,\t") + "]"
            default: return object(depth: depth, prefix: "")
            }
        }

        mutating func object(depth: Int, prefix: String) -> String {
            var parts: [String] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                parts.append("\"" + prefix + string().dropFirst() + ":" + value(depth: depth + 1))
            }
            return "{" + parts.joined(separator: ",") + "}"
        }

        mutating func event() throws -> AuditEvent {
            let outcomes: [Outcome?] = [nil, .success, .failure, .denied, .failure(text()), .denied(text())]
            return AuditEvent(
                id: maybe { "i" + $0.text() },
                timestamp: Timestamp(nanosecondsSince1970: Int64(bitPattern: random.next())),
                type: EventType(rawValue: text()),
                severity: maybe { $0.text() }.map { Severity(rawValue: $0) },
                user: maybe { $0.text() }, action: maybe { $0.text() },
                resource: Resource(type: maybe { $0.text() }, id: maybe { $0.text() }),
                outcome: outcomes[Int.random(in: 0..<outcomes.count, using: &random)],
                component: maybe { $0.text() },
                message: maybe { $0.text(atMost: 300) }, ip: maybe { $0.text() },
                userAgent: maybe { $0.text() },
                requestID: maybe { $0.text() }, sessionID: maybe { $0.text() },
                correlationID: maybe { $0.text() },
                duration: Bool.random(using: &random)
                    ? .nanoseconds(Int64(random.next() >> UInt64.random(in: 1...63, using: &random))) : nil,
                details: try maybe { $0.object(depth: 0, prefix: "") }.map { try JSONObject($0) },
                // A prefix keeps random names from being known keys.
                extra: try maybe { $0.object(depth: 0, prefix: "x-") }.flatMap {
                    $0 == "{}" ? nil : try JSONObject($0)
                })
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomEventsComeBack(seed: UInt64) throws {
        var maker = Maker(random: SeededRandom(seed: seed))
        for round in 0..<700 {
            let event = try maker.event()
            var out = ByteWriter()
            _ = try event.encode(now: Timestamp(nanosecondsSince1970: 0), into: &out)
            let first = out.array
            let line = try json(first)
            let second = try record(line)
            #expect(try json(second) == line, "seed \(seed), round \(round)")
            #expect(!line.utf8.contains { $0 < 0x20 && $0 != 9 }, "seed \(seed), round \(round)")
            var back = try second.withView { view in AuditEvent(try RecordView(view)) }
            if event.id == nil {
                #expect(
                    back.id
                        == MintedID.text(
                            recordedAt: testPlace.recordedAt, sequence: 7, storeTag: testPlace.storeTag))
                back.id = nil
            }
            #expect(back == event, "seed \(seed), round \(round)")
            if event.id != nil { #expect(second == first, "seed \(seed), round \(round)") }
        }
    }

    /// A line with a few bytes changed is taken or refused; what is taken is read the same when written again.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomDamageIsHarmless(seed: UInt64) throws {
        var maker = Maker(random: SeededRandom(seed: seed))
        var taken = 0
        for round in 0..<3_000 {
            var line = Array(JSONParserTests.complete.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &maker.random) {
                let index = Int.random(in: 0..<line.count, using: &maker.random)
                switch Int.random(in: 0..<4, using: &maker.random) {
                case 0: line[index] = UInt8.random(in: 0...255, using: &maker.random)
                case 1: line[index] = Array("\"\\{}[]:,0e.-u n".utf8).randomElement(using: &maker.random) ?? 0
                case 2: line.remove(at: index)
                default: line.insert(line[Int.random(in: 0..<line.count, using: &maker.random)], at: index)
                }
            }
            if let error = inputError(bytes: line) {
                #expect(error.column >= 1 && error.column <= line.count + 1)
            } else {
                taken += 1
                let written = try json(try record(bytes: line))
                #expect(try json(try record(written)) == written, "seed \(seed), round \(round)")
            }
        }
        #expect(taken > 0)
    }
}
