import { testFaults } from "./faults/failures";
import { stateFaults } from "./faults/state-faults";

testFaults(stateFaults);
