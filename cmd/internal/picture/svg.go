package picture

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// style are the colours and fonts of all pictures.
const style = `
  text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #24292f; }
  .page { fill: #ffffff; stroke: #d0d7de; }
  .title { font-weight: bold; }
  .note { fill: #57606a; font-size: 11px; }
  .track { fill: #eaeef2; }
  .bad { fill: #cf222e; }
  .good { fill: #1a7f37; }
  .plain { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .page { fill: #0d1117; stroke: #30363d; }
    .note { fill: #8d96a0; }
    .track { fill: #21262d; }
    .bad { fill: #f85149; }
    .good { fill: #3fb950; }
    .plain { fill: #8d96a0; }
  }
`

// canvas is a picture that is being drawn.
type canvas struct {
	width, height int
	style, body   strings.Builder
}

// text writes a text that begins at x.
func (c *canvas) text(x, y int, class, text string) { c.anchored("start", x, y, class, text) }

// textEnd writes a text that ends at x.
func (c *canvas) textEnd(x, y int, class, text string) { c.anchored("end", x, y, class, text) }

func (c *canvas) anchored(anchor string, x, y int, class, text string) {
	if text != "" {
		fmt.Fprintf(&c.body, "<text x=\"%d\" y=\"%d\" class=\"%s\" text-anchor=\"%s\">%s</text>\n",
			x, y, class, anchor, escape(text))
	}
}

func (c *canvas) bar(x, y, width, height int, class string) {
	fmt.Fprintf(&c.body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" class=\"%s\"/>\n", x, y, width, height, class)
}

// svg returns the picture. label is for those who do not see it.
func (c *canvas) svg(label string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<style>%s%s</style>
<rect x="0.5" y="0.5" width="%d" height="%d" rx="6" class="page"/>
%s</svg>
`, c.width, c.height, c.width, c.height, escape(label), style, c.style.String(), c.width-1, c.height-1, c.body.String())
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder fails at nothing
	return b.String()
}
