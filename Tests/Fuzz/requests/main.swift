import Fuzzing

runFuzzer(testOneInput)
