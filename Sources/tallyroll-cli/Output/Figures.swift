/// Numbers as people read them.
enum Figures {
    /// `1,234,567`
    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    /// `1 event`, `2 events`
    static func count(_ value: Int, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// `61.2 MB`
    static func bytes(_ value: Int) -> String {
        var scaled = Double(value)
        for unit in ["bytes", "kB", "MB", "GB"] {
            if scaled < 999.5 { return unit == "bytes" ? count(value, "byte") : "\(decimals(scaled, 1)) \(unit)" }
            scaled /= 1000
        }
        return "\(decimals(scaled, 1)) TB"
    }

    /// `0.98 s`
    static func seconds(_ value: Double) -> String { "\(decimals(value, value < 10 ? 2 : 1)) s" }

    /// A number with so many decimals.
    static func decimals(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return "?" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let whole = Int(scaled / scale)
        var fraction = String(Int(scaled) - whole * Int(scale))
        while fraction.count < places { fraction = "0" + fraction }
        return (value < 0 && scaled > 0 ? "-" : "") + (places == 0 ? "\(whole)" : "\(whole).\(fraction)")
    }

    /// A number rounded to so many decimals, for reports.
    static func rounded(_ value: Double, _ places: Int) -> Double { Double(decimals(value, places)) ?? value }
}
