import TallyrollIntegrity

extension SegmentBuilder {
    /// Puts an unreadable entry in the place of lost events. Chain and tree go on from what the log recorded behind
    /// them; where it recorded nothing, the chain goes on as if they had not been, and the tree has a leaf of zeros
    /// for each.
    func giveUp(_ loss: LogReplay.Loss, bytesEnd: Int = 0) {
        let end = loss.sequences.upperBound
        giveUp(
            upTo: end, bytesEnd: bytesEnd, chainHead: loss.stateBehind?.chainHead ?? chainHead,
            frontier: loss.stateBehind?.frontier ?? frontier.withUnknown(upTo: end))
    }
}

extension Frontier {
    /// The tree with leaves in the place of events of which nothing is known.
    func withUnknown(upTo end: UInt64) -> Frontier {
        guard end > size else { return self }
        var cover = SubtreeCover(first: size)
        for _ in size..<end { cover.append(leafHash: MerkleTree.leafHash(.zero)) }
        var grown = self
        grown.append(cover)
        return grown
    }
}

extension Digest {
    /// Thirty-two zero bytes: the leaf of an event that was lost.
    static let zero = Digest(loadingZeros: ())

    private init(loadingZeros: Void) {
        let zeros = InlineArray<4, UInt64>(repeating: 0)
        self = withUnsafePointer(to: zeros) { Digest(loadingFrom: UnsafeRawPointer($0)) }
    }
}
