"""How the bundled nano scope is made from text: tokenizer, language model, SAEs, classifiers, model card."""
