// Package chain reads a short description of a pipeline:
//
//	pcap(interface=eth0) | icmp-ptb | port-list(ports=80,443) | broadcast(interface=eth0) + log
//
// Stages are separated by |, first the sources, last the sinks, of which there may be
// several with + between them. Settings stand in brackets as name=value, separated by
// commas; what has no name is a further element of the list before it. Values may
// have single or double quotes.
package chain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline"
)

// fileName stands for a file's name in mistakes.
const fileName = "chain"

// Parse returns the pipeline that text stands for, resolved. An error is a
// [config.Mistakes], with columns of the text.
func Parse(text, name string, plugins []pipeline.Plugin) (*config.File, error) {
	r := mistake.NewReport()
	root := Read(text, name, r)
	if root == nil {
		return nil, r.Err()
	}
	return config.Declare(root, r, plugins)
}

// Read returns what a file with the pipeline would be, or nil. Its mistakes name no file but
// "chain".
func Read(text, name string, r *mistake.Report) *syntax.Node {
	r.Texts[fileName] = strings.Split(text, "\n")
	c := reader{Report: r, text: text}
	groups := []syntax.List{c.group()}
	for c.next("|") {
		groups = append(groups, c.group())
	}
	switch last := len(groups) - 1; {
	case c.rest() != "":
		first, _ := utf8.DecodeRuneInString(c.rest())
		c.fail(c.at(), "separate stages by |, and sources or sinks by +", "unexpected %q", string(first))
	case last == 0:
		c.fail(beginning, "write sources | filters | sinks", "the chain has no sinks")
	case !c.failed:
		lists := syntax.Table{named("sources", groups[0]), named("filters", slices.Concat(groups[1:last]...)), named("sinks", groups[last])}
		return named("", syntax.Table{named("pipelines", syntax.Table{named(name, lists)})})
	}
	return nil
}

// beginning is the place of what no word of the text stands for.
var beginning = mistake.Position{File: fileName, Line: 1, Column: 1}

func named(name string, value any) *syntax.Node {
	return &syntax.Node{Name: name, NameAt: beginning, Value: value, At: beginning}
}

// reader reads a description from left to right, up to the first mistake.
type reader struct {
	*mistake.Report
	text   string
	done   int // bytes of text
	failed bool
}

// fail notes the first mistake. There is nothing left to read then.
func (c *reader) fail(at mistake.Position, hint, format string, args ...any) {
	if !c.failed {
		c.Add(at, hint, format, args...)
	}
	c.failed, c.done = true, len(c.text)
}

// group reads stages with + between them.
func (c *reader) group() (stages syntax.List) {
	for {
		stages = append(stages, c.stage())
		if !c.next("+") {
			return stages
		}
	}
}

func (c *reader) stage() *syntax.Node {
	typ := c.word()
	typ.Name, typ.NameAt, typ.Untyped = "type", typ.At, false
	stage := &syntax.Node{At: typ.At, Value: syntax.Table{typ}}
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
func (c *reader) setting(stage *syntax.Node) {
	settings, value := stage.Table(), c.value()
	if name := value; name.Untyped && c.next("=") {
		if settings.Find(name.Value.(string)) != nil {
			c.fail(name.At, "", "setting `%s` is set twice", name.Value)
		}
		value = c.value()
		value.Name, value.NameAt = name.Value.(string), name.At
		stage.Value = append(settings, value)
		return
	}
	last := settings[len(settings)-1]
	if last.Name == "type" {
		c.fail(value.At, "write name=value", "a value without a name")
	}
	list, ok := last.Value.(syntax.List)
	if !ok {
		list, last.Untyped = syntax.List{{Value: last.Value, At: last.At, Untyped: last.Untyped}}, false
	}
	last.Value = append(list, value)
}

func (c *reader) value() *syntax.Node {
	for _, quote := range []string{"'", `"`} {
		if at := c.at(); c.next(quote) {
			text, rest, closed := strings.Cut(c.text[c.done:], quote)
			if c.done = len(c.text) - len(rest); !closed {
				c.fail(at, "", "the quotes are not closed")
			}
			return &syntax.Node{Value: text, At: at}
		}
	}
	word := c.word()
	if word.Value == "" {
		c.fail(word.At, "", "a value is missing")
	}
	return word
}

// word reads up to a blank or a sign that means something here.
func (c *reader) word() *syntax.Node {
	n := &syntax.Node{At: c.at(), Untyped: true}
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
func (c *reader) next(sign string) bool {
	found := strings.HasPrefix(c.rest(), sign)
	if found {
		c.done += len(sign)
	}
	return found
}

// rest skips blanks, and returns what is still to be read.
func (c *reader) rest() string {
	rest := strings.TrimLeftFunc(c.text[c.done:], unicode.IsSpace)
	c.done = len(c.text) - len(rest)
	return rest
}

// at returns the place of what rest returns.
func (c *reader) at() mistake.Position {
	before := c.text[:len(c.text)-len(c.rest())]
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return mistake.Position{File: fileName, Line: strings.Count(before, "\n") + 1, Column: column}
}
