/** What the shipped model is tried with where one picture says too little. */
export const emojiPrompts = [
  ...["red heart", "grinning face", "slightly smiling face", "cat face", "house", "green book", "rocket", "pizza"],
  ...["purple heart", "dog face", "sunflower", "robot", "car", "blue circle", "star", "clock"],
] as const;
