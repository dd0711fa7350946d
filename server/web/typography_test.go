package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFrenchPunctuationStaysWithItsWord(t *testing.T) {
	for page, want := range map[string]string{
		`<p>Quoi ? Non ! Voici : « ceci » ; cela</p>`:     "<p>Quoi\u00a0? Non\u00a0! Voici\u00a0: «\u00a0ceci\u00a0»\u00a0; cela</p>",
		`<p><strong>Léa</strong> : « <em>oui</em> ».</p>`: "<p><strong>Léa</strong>\u00a0: «\u00a0<em>oui</em>\u00a0».</p>",
		"<p>Quoi\n? Voici\n: ceci</p>":                    "<p>Quoi\u00a0? Voici\u00a0: ceci</p>",

		`<p title="Quoi ?">12:30 a:b</p>`:         `<p title="Quoi ?">12:30 a:b</p>`,
		`<textarea>Quoi ?</textarea><p>Non !</p>`: "<textarea>Quoi ?</textarea><p>Non\u00a0!</p>",
		`<input value="Quoi ?">`:                  `<input value="Quoi ?">`,

		`<div class="charter whole"><div>a ?</div> b !</div><p>c ?</p>`: `<div class="charter whole"><div>a ?</div> b !</div>` +
			"<p>c\u00a0?</p>",

		"<p>Si :\n<b>a</b></p>":                         "<p>Si\u00a0:\n<b>a</b></p>",
		`<p>&lt;b&gt; ? &amp; ; l&#39;or</p>`:           "<p>&lt;b&gt;\u00a0? &amp;\u00a0; l&#39;or</p>",
		`<p>Mardi 24 novembre à 9 h 05, le 1er mai</p>`: "<p>Mardi 24\u00a0novembre à 9\u00a0h\u00a005, le 1er\u00a0mai</p>",
		`<title>Quoi ?</title>`:                         `<title>Quoi ?</title>`,
		`<!DOCTYPE html><!-- quoi ? --><br/>x`:          `<!DOCTYPE html><!-- quoi ? --><br/>x`,
	} {
		assert.Equal(t, want, string(unbroken([]byte(page))))
	}
}
