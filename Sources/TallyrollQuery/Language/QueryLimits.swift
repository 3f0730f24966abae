/// The limits of the query language, each with its reason.
package enum QueryLimits {
    /// Room for an `in` list of tens of thousands of ids; more belongs into several queries.
    package static let expressionBytes = 1 << 20
    /// Nesting of brackets and `not`: the parser and the planner recurse, and people do not write ten.
    package static let depth = 200
    /// Levels of a tree: each bracket can hold an `or` of `and`s.
    package static let treeDepth = 2 * depth + 2
    /// A part of a glob between two stars that mixes `?` with text is tried at every place of the value: this bounds
    /// the work for each place. Parts without `?`, and those at the ends, have no limit.
    package static let globPartBytes = 256
}
