/// A binary heap: the element that stands before all others is found at once.
struct Heap<Element> {
    private var elements: [Element] = []
    private let isBefore: (Element, Element) -> Bool

    init(_ isBefore: @escaping (Element, Element) -> Bool) { self.isBefore = isBefore }

    var count: Int { elements.count }
    var first: Element? { elements.first }
    /// All elements, in no order.
    var unordered: [Element] { elements }

    mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(elements[child], elements[parent]) else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = elements.popLast(), !elements.isEmpty else { return }
        elements[0] = last
        sink()
    }

    mutating func replaceFirst(_ element: Element) {
        elements[0] = element
        sink()
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var best = parent
            let left = parent * 2 + 1
            if left < elements.count, isBefore(elements[left], elements[best]) { best = left }
            if left + 1 < elements.count, isBefore(elements[left + 1], elements[best]) { best = left + 1 }
            if best == parent { return }
            elements.swapAt(parent, best)
            parent = best
        }
    }
}
