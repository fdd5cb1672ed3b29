package manual

import (
	"fmt"
	"strings"
)

// page is a manual page in the language of man(7).
type page struct{ text strings.Builder }

func newPage(program, name string, section int, short string) *page {
	p := &page{}
	p.line(`.\" Made by "make generate"; changes here are lost.`)
	p.line(`.TH %s %d "" %s`, strings.ToUpper(name), section, program)
	p.line(".nh")   // no word is broken
	p.line(".ad l") // nor are lines filled with blanks
	p.heading("NAME")
	p.line(`%s \- %s`, escape(name), escape(short))
	return p
}

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\n')
}

func (p *page) heading(text string) { p.line(".SH %s", quoted(text)) }

func (p *page) subheading(text string) { p.line(".SS %s", quoted(text)) }

// item begins a paragraph whose tag is written in markup.
func (p *page) item(tag string) {
	p.line(".TP")
	p.line("%s", tag)
}

// paragraphs writes text as it is made for terminals: an empty line ends a paragraph,
// and what is indented stays as it is.
func (p *page) paragraphs(text string) {
	for block := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if strings.HasPrefix(block, "- ") {
			p.list(block)
			continue
		}
		p.paragraph()
		if !strings.HasPrefix(block, " ") {
			p.block(block)
			continue
		}
		p.line(".RS 4")
		p.line(".nf")
		p.block(block)
		p.line(".fi")
		p.line(".RE")
	}
}

// list writes items, each of which begins with a hyphen.
func (p *page) list(block string) {
	for line := range strings.SplitSeq(block, "\n") {
		item, begins := strings.CutPrefix(line, "- ")
		if begins {
			p.line(`.IP \(bu 2`)
		}
		p.line("%s", escape(strings.TrimSpace(item)))
	}
}

// paragraph begins a paragraph, as a heading does by itself.
func (p *page) paragraph() {
	lines := strings.Split(p.text.String(), "\n")
	if last := lines[max(0, len(lines)-2)]; !strings.HasPrefix(last, ".SH ") {
		p.line(".PP")
	}
}

func (p *page) block(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		p.line("%s", escape(line))
	}
}

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// quoted writes the argument of a macro.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"`
}

// escape writes text so that nothing in it is a command.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
