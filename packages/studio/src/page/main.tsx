import { render } from "preact";
import { App } from "./app";
import { keepDrawings } from "./drawings/drawings";
import { keepDraft } from "./form/draft";
import { keepModels } from "./server/models";
import "./style.css";

keepDraft();
keepModels();
void keepDrawings();
render(<App />, document.body);
