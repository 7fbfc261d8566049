/** The golden cases that draw whole pictures: of `pipelines`, and of the shipped models. */
import { testGolden } from "./golden-kinds/test-golden";

await testGolden(true);
