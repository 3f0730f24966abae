/// The details of each kind of event.
extension WorkloadEvent {
    @inline(__always)
    func writeTool(to line: inout LineWriter, drawing random: inout WorkloadRandom) {
        line.text("\"tool_name\":\"")
        line.text(WorkloadWords.tools[Int(resource % 12)])
        line.text("\",\"execution_time_ms\":")
        line.decimal(UInt64(exponential(random.uniform() * 8)))
        line.text(",\"parameters\":{\"query\":\"item ")
        line.decimal(choices >> 8 & 0xffff)
        line.text("\",\"limit\":")
        line.decimal(10 * (1 + (choices >> 24) % 10))
        line.text("},\"tokens\":{\"prompt\":")
        line.decimal(choices >> 30 & 4095)
        line.text(",\"completion\":")
        line.decimal(choices >> 42 & 1023)
        line.text("}")
    }

    @inline(__always)
    func writePermission(to line: inout LineWriter, drawing random: inout WorkloadRandom) {
        line.text("\"permission\":\"")
        line.text(kind.action(choices))
        line.text("\",\"allowed\":")
        line.text(isFailed ? "false" : "true")
        line.text(",\"policy\":\"pol-")
        line.decimal(resource % 40)
        line.text("\",\"duration_us\":")
        line.decimal(UInt64(exponential(random.uniform() * 6)))
    }

    /// The cost is drawn before the duration that is written in front of it: the reference draws both among the
    /// arguments of one call, whose order C leaves open, and its published bytes are those of right to left (gcc).
    @inline(__always)
    func writeCost(to line: inout LineWriter, drawing random: inout WorkloadRandom) {
        let cost = random.uniform() / 50
        let duration = UInt64(exponential(random.uniform() * 9))
        line.text("\"duration_ms\":")
        line.decimal(duration)
        line.text(",\"attempt\":")
        line.decimal(1 + (choices >> 8) % 3)
        line.text(",\"model\":\"model-")
        // The remainder of a signed number, so up to four characters before "a" as well as after it.
        let offset = Int32(truncatingIfNeeded: choices >> 16) % 5
        line.byte(UInt8(truncatingIfNeeded: Int32(UInt8(ascii: "a")) + offset))
        line.text("\",\"cost_usd\":")
        line.sixDecimals(cost)
    }

    @inline(__always)
    func writeMethod(to line: inout LineWriter) {
        line.text("\"method\":\"")
        line.text((choices >> 9) & 1 == 1 ? "oauth" : "password")
        line.text("\",\"mfa\":")
        line.text((choices >> 10) & 1 == 1 ? "true" : "false")
    }

    @inline(__always)
    func writeSetting(to line: inout LineWriter) {
        line.text("\"key\":\"limits.max_")
        line.text(WorkloadWords.tools[Int(choices >> 12 & 7)])
        line.text("\",\"old_value\":\"")
        line.decimal(choices >> 20 & 255)
        line.text("\",\"new_value\":\"")
        line.decimal(choices >> 28 & 255)
        line.text("\"")
    }

    @inline(__always)
    func writeReason(to line: inout LineWriter) {
        line.text("\"reason\":\"")
        line.text(isFailed ? WorkloadWords.errors[Int((choices >> 2) % 6)] : "routine")
        line.text("\",\"count\":")
        line.decimal(choices >> 33 & 63)
    }
}
