package markdown_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/testkit/markdown"
)

const text = `# One, *two* and ` + "`three`" + `

A [link](a.md#x "title"), an ![image](b.png) and a [` + "`code](no)`" + `](c.go).
<img src="d.svg" alt="none">

    indented

    code [no](no)
    continued
- a list
    that goes on

## Same
## Same

` + "```yaml\nkey: [no](no)\n\n    # no\n```" + `
`

func TestParse(t *testing.T) {
	want := markdown.Document{
		Links:   []string{"a.md#x", "b.png", "c.go", "d.svg"},
		Anchors: map[string]bool{"one-two-and-three": true, "same": true, "same-1": true},
		Blocks: []markdown.Block{
			{Text: "indented\n\ncode [no](no)\ncontinued\n"},
			{Language: "yaml", Text: "key: [no](no)\n\n    # no\n"},
		},
	}
	if diff := cmp.Diff(want, markdown.Parse(text)); diff != "" {
		t.Error(diff)
	}
}
