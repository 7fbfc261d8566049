import { testFaults } from "./faults/failures";
import { passFaults } from "./faults/pass-faults";

testFaults(passFaults);
