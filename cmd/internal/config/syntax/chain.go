package syntax

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	c := chainReader{Report: r, text: text}
	groups := []List{c.group()}
	for c.next("|") {
		groups = append(groups, c.group())
	}
	switch last := len(groups) - 1; {
	case c.rest() != "":
		first, _ := utf8.DecodeRuneInString(c.rest())
		c.fail(c.at(), "separate stages by |, and sources or sinks by +", "unexpected %q", string(first))
	case last == 0:
		c.fail(c.placeOf(0), "write sources | filters | sinks", "the chain has no sinks")
	case !c.failed:
		lists := c.table(c.named("sources", groups[0]), c.named("filters", slices.Concat(groups[1:last]...)), c.named("sinks", groups[last]))
		return c.table(c.named("pipelines", Table{c.named(name, lists.Value)}))
	}
	return nil
}

// chainReader reads a description from left to right, up to the first mistake.
type chainReader struct {
	*mistake.Report
	text   string
	done   int // bytes of text
	failed bool
}

// fail notes the first mistake. There is nothing left to read then.
func (c *chainReader) fail(at mistake.Position, hint, format string, args ...any) {
	if !c.failed {
		c.Add(at, hint, format, args...)
	}
	c.failed, c.done = true, len(c.text)
}

func (c *chainReader) named(name string, value any) *Node {
	return &Node{Name: name, NameAt: c.placeOf(0), Value: value, At: c.placeOf(0)}
}

func (c *chainReader) table(nodes ...*Node) *Node {
	return &Node{Value: Table(nodes), At: c.placeOf(0)}
}

// group reads stages with + between them.
func (c *chainReader) group() (stages List) {
	for {
		stages = append(stages, c.stage())
		if !c.next("+") {
			return stages
		}
	}
}

func (c *chainReader) stage() *Node {
	typ := c.word()
	typ.Name, typ.NameAt, typ.Untyped = "type", typ.At, false
	stage := &Node{At: typ.At, Value: Table{typ}}
	if typ.Value == "" {
		c.fail(typ.At, "write the name of a plugin", "a stage is missing")
	}
	if !c.next("(") {
		return stage
	}
	for !c.failed && !c.next(")") {
		c.setting(stage)
		if !c.next(",") && !strings.HasPrefix(c.rest(), ")") {
			c.fail(c.at(), "", "the settings of `%s` are not closed: `)` is missing", typ.Value)
		}
	}
	return stage
}

// setting reads name=value, or a further element of the list before.
func (c *chainReader) setting(stage *Node) {
	begin := c.done
	settings := stage.Table()
	if name := c.word(); name.Value != "" && c.next("=") {
		if settings.Find(name.Value.(string)) != nil {
			c.fail(name.At, "", "setting `%s` is set twice", name.Value)
		}
		s := c.value()
		s.Name, s.NameAt = name.Value.(string), name.At
		stage.put(s)
		return
	}
	c.done = begin
	value := c.value()
	last := settings[len(settings)-1]
	if last.Name == "type" {
		c.fail(value.At, "write name=value", "a value without a name")
	}
	list, ok := last.Value.(List)
	if !ok {
		list, last.Untyped = List{last.Element()}, false
	}
	last.Value = append(list, value)
}

func (c *chainReader) value() *Node {
	for _, quote := range []string{"'", `"`} {
		if at := c.at(); c.next(quote) {
			text, rest, closed := strings.Cut(c.text[c.done:], quote)
			if c.done = len(c.text) - len(rest); !closed {
				c.fail(at, "", "the quotes are not closed")
			}
			return &Node{Value: text, At: at}
		}
	}
	word := c.word()
	if word.Value == "" {
		c.fail(word.At, "", "a value is missing")
	}
	return word
}

// word reads up to a blank or a sign that means something here.
func (c *chainReader) word() *Node {
	n := &Node{At: c.at(), Untyped: true}
	rest := c.rest()
	end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("|+(),='\"", r) })
	if end >= 0 {
		rest = rest[:end]
	}
	n.Value = rest
	c.done += len(rest)
	return n
}

// next reads the sign if it is what comes next, and reports whether it did.
func (c *chainReader) next(sign string) bool {
	found := strings.HasPrefix(c.rest(), sign)
	if found {
		c.done += len(sign)
	}
	return found
}

// rest skips blanks, and returns what is still to be read.
func (c *chainReader) rest() string {
	rest := strings.TrimLeftFunc(c.text[c.done:], unicode.IsSpace)
	c.done = len(c.text) - len(rest)
	return rest
}

// at returns the place of what rest returns.
func (c *chainReader) at() mistake.Position { return c.placeOf(len(c.text) - len(c.rest())) }

func (c *chainReader) placeOf(offset int) mistake.Position {
	before := c.text[:offset]
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return mistake.Position{File: ChainName, Line: strings.Count(before, "\n") + 1, Column: column}
}
