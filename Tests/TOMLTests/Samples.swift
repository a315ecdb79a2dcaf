/// Documents that use all of TOML, and ways to break them.
enum Samples {
    static let all = [
        #"""
        # settings
        title = "an \"odd\" \u00e9\U0001F600\t\\ text" # behind it
        'literal key' = 'C:\no\escape'
        "" = ""
        bare-key_1 = true
        1234 = false

        [numbers]
        int = [0, +1, -17, 1_000, 0xDEAD_beef, 0o755, 0b1101, 9223372036854775807, -9223372036854775808]
        float = [+1.0, 3.1415, -0.01, 5e+22, 1e06, -2E-2, 6.626e-34, 224_617.445_991_228, inf, -inf, +nan, -0.0, 0e0]
        """#,
        #"""
        lines = """
        first
          second \
             third\n "quoted" ""two""
        """
        edge = """""x"""""
        raw = '''
        it's \ raw
        '''''
        one = """Violets"""
        """#,
        """
        when = [1979-05-27T07:32:00Z, 1979-05-27 00:32:00-07:00, 1979-05-27T00:32:00.999999, 1979-05-27, 07:32:00]
        day = 1979-05-27 # a day
        """,
        """
        a.b.c = 1
        a . "b" . 'd' = 2
        [x.y.z]
        deep = true
        [x]
        own = { p = 1, q.r = [ { s = "t" }, {} ], "u v" = [[1, 2,], ["a", 'b']] }
        [x.y]
        w = 1
        [[fruit]]
        name = "apple"
        [fruit.physical]
        color = "red"
        [[fruit.variety]]
        name = "red delicious"
        [[fruit.variety]]
        name = "granny smith"
        [[fruit]]
        name = "banana"
        """,
        "list = [ # a\n  1, # b\n\n  2\n , 3,\n]\r\nlast = 'x'\r\n",
        "[a.b.c]\nz = 9\n[a]\nb.d = 1", "[a]\nb.c = 1\n[a.b.d]\ne = 2\n[ g .  h ]\nx=1\ny =2",
        "\u{FEFF}bom = 1", "", "#", "\n\n", "a = 1 # no end", "[table]",
        // Each of these is wrong.
        "[a.b.c]\nz = 9\n[a]\nb.d = 1\n[a.b]", "[a]\nb = 1\n[a]", "[a]\n[[a]]", "a = 1\n[a]", "[[a]]\n[a]",
        "a = []\n[[a]]",
        "[a.b.c]\nz = 9\n[a]\nb.c.t = 1",
        "a.b = 1\na = 2", "a = 1\na.b = 2", "[a]\nb.c = 1\n[a.b]", "a = {b = 1}\na.c = 2",
        "a = {b = 1}\n[a.d]", "[[a.b]]\n[a]\nb = 1",
        "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = .5", "a = 5.", "a = 1e", "a = +0x1", "a = 0X1",
        "a = 0x", "a = +true", "a = Inf",
        "a = 1979-05-27T", "a = 1979-05-27T7:32:00", "a = 1979-13-01", "a = 24:00:00", "a = 1 b = 2", "a = ",
        "= 1", "a", "a = [1 2]",
        "a = [,]", "a = \"\n\"", "a = '\n'", "a = \"\\q\"", "a = \"\\uD800\"", "a = \"\\u12\"",
        "a = \"\u{7F}\"", "a = 1 # \u{1}", "a = 1\rb = 2",
        "a = \"\"\"x", "a = '''x''", "[a]x = 1", "[a", "[a]]", "[[a]", "[ [a]]", "a. = 1", ".a = 1", "é = 1",
        "a = \"x\"y", "\u{0}", "a = 1\u{0}",
    ]

    /// The document with one to three random characters inserted, removed, replaced or repeated.
    static func damaged(_ document: String, _ generator: inout some RandomNumberGenerator) -> String {
        var scalars = Array(document.unicodeScalars)
        let characters = Array("[]{}=.,\"'#\\\n\r\t _-+0159aefinxoTZ:é\u{0}\u{1B}".unicodeScalars)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0...scalars.count, using: &generator)
            let length = min(Int.random(in: 1...8, using: &generator), scalars.count - place)
            let character = characters.randomElement(using: &generator)!
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: scalars.insert(character, at: place)
            case 1: scalars.removeSubrange(place..<place + min(1, length))
            case 2: scalars.replaceSubrange(place..<place + min(1, length), with: [character])
            case 3: scalars.insert(contentsOf: scalars[place..<place + length], at: place)
            default: scalars.removeSubrange(place..<place + length)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
