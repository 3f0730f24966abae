/// Walks upwards over the ordinals that are in all of several lists: the shortest list proposes, the others
/// jump to the proposal or to what is next for them. Nothing is decoded that is jumped over.
package struct IntersectionCursor {
    private var cursors: [PostingCursor]
    /// The ordinal the cursor stands on; `PostingCursor.end` when there is none left.
    package private(set) var current = PostingCursor.end

    /// Stands on the first common ordinal. There must be a list.
    package init(_ lists: [PostingList]) {
        precondition(!lists.isEmpty)
        cursors = lists.sorted { $0.count < $1.count }.map { PostingCursor($0) }
        settle()
    }

    package var isAtEnd: Bool { current == PostingCursor.end }

    /// Goes on to the next common ordinal.
    package mutating func advance() {
        guard current != PostingCursor.end else { return }
        cursors[0].advance()
        settle()
    }

    /// Goes on to the first common ordinal that is at least `ordinal`.
    package mutating func seek(atLeast ordinal: Int) {
        if current >= ordinal { return }
        cursors[0].seek(atLeast: ordinal)
        settle()
    }

    private mutating func settle() {
        cursors.withUnsafeMutableBufferPointer { cursors in
            var proposal = cursors[0].current
            var agreed = 1
            while agreed < cursors.count {
                if proposal == PostingCursor.end { break }
                cursors[agreed].seek(atLeast: proposal)
                if cursors[agreed].current == proposal {
                    agreed += 1
                    continue
                }
                cursors[0].seek(atLeast: cursors[agreed].current)
                proposal = cursors[0].current
                agreed = 1
            }
            current = proposal
        }
    }
}

/// Walks downwards, newest first, over the ordinals that are in all of several lists.
package struct ReverseIntersectionCursor {
    private var cursors: [ReversePostingCursor]
    /// The ordinal the cursor stands on; `ReversePostingCursor.end` when there is none left.
    package private(set) var current = ReversePostingCursor.end

    /// Stands on the last common ordinal. There must be a list.
    package init(_ lists: [PostingList]) {
        precondition(!lists.isEmpty)
        cursors = lists.sorted { $0.count < $1.count }.map { ReversePostingCursor($0) }
        settle()
    }

    package var isAtEnd: Bool { current == ReversePostingCursor.end }

    /// Goes on to the common ordinal before the current one.
    package mutating func advance() {
        guard current != ReversePostingCursor.end else { return }
        cursors[0].advance()
        settle()
    }

    /// Goes on to the last common ordinal that is at most `ordinal`.
    package mutating func seek(atMost ordinal: Int) {
        if current <= ordinal { return }
        cursors[0].seek(atMost: ordinal)
        settle()
    }

    private mutating func settle() {
        cursors.withUnsafeMutableBufferPointer { cursors in
            var proposal = cursors[0].current
            var agreed = 1
            while agreed < cursors.count {
                if proposal == ReversePostingCursor.end { break }
                cursors[agreed].seek(atMost: proposal)
                if cursors[agreed].current == proposal {
                    agreed += 1
                    continue
                }
                cursors[0].seek(atMost: cursors[agreed].current)
                proposal = cursors[0].current
                agreed = 1
            }
            current = proposal
        }
    }
}
