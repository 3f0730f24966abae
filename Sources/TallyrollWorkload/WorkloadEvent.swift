/// One event of the workload before it is written.
struct WorkloadEvent {
    let kind: WorkloadKind
    /// Microseconds since 1970.
    let time: Int64
    let user: UInt64
    let resource: UInt64
    /// Random bits from which several small choices are cut.
    let choices: UInt64
    let idHigh: UInt64
    let idLow: UInt64
    let isFailed: Bool

    private var error: StaticString { WorkloadWords.errors[Int((choices >> 2) % 6)] }

    /// Writes the event as a JSON object and a newline. The details draw what they need.
    @inline(__always)
    func write(to line: inout LineWriter, drawing random: inout WorkloadRandom) {
        writeIdentity(to: &line)
        writeAction(to: &line)
        writeOrigin(to: &line)
        line.text(",\"details\":{")
        switch kind.details {
        case .tool: writeTool(to: &line, drawing: &random)
        case .permission: writePermission(to: &line, drawing: &random)
        case .cost: writeCost(to: &line, drawing: &random)
        case .method: writeMethod(to: &line)
        case .setting: writeSetting(to: &line)
        case .reason: writeReason(to: &line)
        }
        line.text("}}\n")
    }

    @inline(__always)
    private func writeIdentity(to line: inout LineWriter) {
        line.text("{\"id\":\"")
        line.hexadecimal(idHigh >> 32, width: 8)
        line.text("-")
        line.hexadecimal(idHigh >> 16, width: 4)
        line.text("-4")
        line.hexadecimal(idHigh, width: 3)
        line.text("-")
        line.hexadecimal(0x8000 | idLow >> 50, width: 4)
        line.text("-")
        line.hexadecimal(idLow, width: 12)
        line.text("\",\"timestamp\":\"")
        line.timestamp(time)
        line.text("\",\"event_type\":\"")
        line.text(kind.type)
        if user % 50 == 7 {
            line.text("\",\"user_id\":\"svc-")
            line.text(kind.component)
            line.text("-")
            line.decimal(user)
        } else {
            line.text("\",\"user_id\":\"user")
            line.decimal(user)
            line.text("@example.com")
        }
    }

    @inline(__always)
    private func writeAction(to line: inout LineWriter) {
        line.text("\",\"action\":\"")
        line.text(kind.action(choices))
        line.text("\",\"resource_type\":\"")
        line.text(kind.resource)
        line.text("\",\"resource_id\":\"")
        line.text(kind.resource)
        line.text("-")
        line.decimal(resource)
        if isFailed {
            line.text("\",\"result\":{\"failure\":\"")
            line.text(error)
            line.text("\"},\"severity\":\"")
            line.text(kind.failedSeverity)
        } else {
            line.text("\",\"result\":\"success\",\"severity\":\"")
            line.text(kind.severity)
        }
    }

    @inline(__always)
    private func writeOrigin(to line: inout LineWriter) {
        line.text("\",\"component\":\"")
        line.text(kind.component)
        line.text("\",\"ip_address\":\"10.")
        line.decimal(user % 4)
        line.text(".")
        line.decimal((user &* 7919) >> 3 & 255)
        line.text(".")
        line.decimal((user &* 104_729) & 255)
        line.text("\",\"user_agent\":\"")
        line.text(WorkloadWords.agents[Int(user % 8)])
        line.text("\",\"request_id\":\"req_")
        line.hexadecimal(idHigh ^ idLow << 7, width: 12)
        line.text("\",\"session_id\":\"s")
        line.hexadecimal(user &* 2_654_435_761 &+ UInt64(bitPattern: time / 1_800_000_000), width: 8)
        line.text("\"")
    }
}
