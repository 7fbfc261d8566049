/** All golden cases but those of `golden-pictures.test.ts`. */
import { testGolden } from "./golden-kinds/test-golden";

await testGolden(false);
