package syntax

import (
	"slices"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// ChainName stands for a file's name in mistakes of [ReadChain].
const ChainName = "chain"

// ReadChain reads a short description of a pipeline:
//
//	pcap(interface=eth0) | icmp-ptb | port-list(ports=80,443) | broadcast(interface=eth0) + log
//
// Stages are separated by |, first the sources, last the sinks, of which there may be
// several with + between them. Settings stand in brackets as name=value, separated by
// commas; what has no name is a further element of the list before it. Values may
// have single or double quotes. The result is what a file with the pipeline would be,
// or nil.
func ReadChain(text, name string, r *mistake.Report) *Node {
	r.Texts[ChainName] = strings.Split(text, "\n")
	c := chainReader{Report: r, text: []rune(text)}
	groups := c.groups()
	if c.failed() {
		return nil
	}
	last := len(groups) - 1
	p := c.table(
		c.named("sources", groups[0]),
		c.named("filters", slices.Concat(groups[1:last]...)),
		c.named("sinks", groups[last]),
	)
	return c.table(c.named("pipelines", Table{c.named(name, p.Value)}))
}

// chainReader reads a description from left to right.
type chainReader struct {
	*mistake.Report
	text []rune
	next int // index in text
}

func (c *chainReader) failed() bool { return len(c.Mistakes) > 0 }

func (c *chainReader) named(name string, value any) *Node {
	return &Node{Name: name, NameAt: c.at(0), Value: value, At: c.at(0)}
}

func (c *chainReader) table(nodes ...*Node) *Node {
	return &Node{Value: Table(nodes), At: c.at(0)}
}

// groups reads groups of stages with | between them.
func (c *chainReader) groups() (groups []List) {
	for {
		groups = append(groups, c.group())
		if c.failed() || !c.skip('|') {
			break
		}
	}
	switch {
	case c.failed():
	case c.peek() != 0:
		c.Add(c.at(c.next), "separate stages by |, and sources or sinks by +", "unexpected %q", string(c.peek()))
	case len(groups) == 1:
		c.Add(c.at(0), "write sources | filters | sinks", "the chain has no sinks")
	}
	return groups
}

// group reads stages with + between them.
func (c *chainReader) group() (stages List) {
	for {
		stages = append(stages, c.stage())
		if c.failed() || !c.skip('+') {
			return stages
		}
	}
}

func (c *chainReader) stage() *Node {
	typ := c.word()
	typ.Name, typ.NameAt, typ.Untyped = "type", typ.At, false
	stage := &Node{At: typ.At, Value: Table{typ}}
	if typ.Value == "" {
		c.Add(typ.At, "write the name of a plugin", "a stage is missing")
		return stage
	}
	if !c.skip('(') {
		return stage
	}
	for !c.skip(')') {
		c.setting(stage)
		if c.failed() {
			return stage
		}
		if !c.skip(',') && c.peek() != ')' {
			c.Add(c.at(c.next), "", "the settings of `%s` have no end: `)` is missing", typ.Value)
			return stage
		}
	}
	return stage
}

// setting reads name=value, or a further element of the list before.
func (c *chainReader) setting(stage *Node) {
	begin := c.next
	settings := stage.Table()
	if name := c.word(); name.Value != "" && c.skip('=') {
		if settings.Find(name.Value.(string)) != nil {
			c.Add(name.At, "", "setting `%s` is written twice", name.Value)
			return
		}
		s := c.value()
		s.Name, s.NameAt = name.Value.(string), name.At
		stage.put(s)
		return
	}
	c.next = begin
	value := c.value()
	last := settings[len(settings)-1]
	if last.Name == "type" {
		c.Add(value.At, "write name=value", "a value without a name")
		return
	}
	list, ok := last.Value.(List)
	if !ok {
		list, last.Untyped = List{last.Element()}, false
	}
	last.Value = append(list, value)
}

func (c *chainReader) value() *Node {
	quote := c.peek()
	if quote != '\'' && quote != '"' {
		word := c.word()
		if word.Value == "" {
			c.Add(word.At, "", "a value is missing")
		}
		return word
	}
	n := &Node{At: c.at(c.next), Value: ""}
	end := slices.Index(c.text[c.next+1:], quote)
	if end < 0 {
		c.Add(n.At, "", "the quotes have no end")
		return n
	}
	n.Value = string(c.text[c.next+1 : c.next+1+end])
	c.next += end + 2
	return n
}

// word reads up to a blank or a sign that means something here.
func (c *chainReader) word() *Node {
	c.blanks()
	begin := c.next
	for c.next < len(c.text) && !unicode.IsSpace(c.text[c.next]) && !strings.ContainsRune("|+(),='\"", c.text[c.next]) {
		c.next++
	}
	return &Node{Value: string(c.text[begin:c.next]), At: c.at(begin), Untyped: true}
}

// skip reads a sign if it is the next.
func (c *chainReader) skip(sign rune) bool {
	if c.peek() != sign {
		return false
	}
	c.next++
	return true
}

// peek returns the next sign that is no blank, or 0 at the end.
func (c *chainReader) peek() rune {
	c.blanks()
	if c.next == len(c.text) {
		return 0
	}
	return c.text[c.next]
}

func (c *chainReader) blanks() {
	for c.next < len(c.text) && unicode.IsSpace(c.text[c.next]) {
		c.next++
	}
}

func (c *chainReader) at(i int) mistake.Position {
	line, column := 1, 1
	for _, r := range c.text[:i] {
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return mistake.Position{File: ChainName, Line: line, Column: column}
}
