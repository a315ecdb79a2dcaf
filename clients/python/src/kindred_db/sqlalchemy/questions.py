class RowsQuestion:
    def __init__(self, related, wanted): pass
class CountQuestion:
    def __init__(self, related, keys): pass
