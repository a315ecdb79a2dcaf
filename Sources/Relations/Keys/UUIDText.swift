enum UUIDText {
    /// 36 characters with dashes (8-4-4-4-12) or 32 hexadecimal digits, in any case; lower case with dashes comes out.
    static func canonical(_ text: [UInt8]) -> [UInt8]? {
        let dash = UInt8(ascii: "-")
        let hex = text.count == 36 ? text.filter { $0 != dash } : text
        guard hex.count == 32, hex.allSatisfy({ $0.hexValue != nil }) else { return nil }
        let lower = hex.map { $0.isDigit ? $0 : $0 | 0x20 }
        let groups = [lower[0..<8], lower[8..<12], lower[12..<16], lower[16..<20], lower[20..<32]]
        let canonical = Array(groups.joined(separator: [dash]))
        let dashesInPlace = text.count == 32 || [8, 13, 18, 23].allSatisfy { text[$0] == dash }
        return dashesInPlace ? canonical : nil
    }
}
