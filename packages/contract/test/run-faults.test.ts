import { testFaults } from "./faults/failures";
import { runFaults } from "./faults/run-faults";

testFaults(runFaults);
