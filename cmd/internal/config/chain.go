package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// ChainName stands for a file's name in mistakes of [ParseChain].
const ChainName = "chain"

// ParseChain returns the pipeline that a short description stands for, resolved:
//
//	pcap(interface=eth0) | icmp-ptb | port-list(ports=80,443) | broadcast(interface=eth0) + log
//
// Stages are separated by |, first the sources, last the sinks, of which there may be
// several with + between them. Settings stand in brackets as name=value, separated by
// commas; what has no name is a further element of the list before it. Values may
// have single or double quotes. An error is a [Mistakes], with columns of the text.
func ParseChain(text, name string, plugins []pipeline.Plugin) (*File, error) {
	r := &mistake.Report{Texts: mistake.Texts{ChainName: strings.Split(text, "\n")}, Files: []string{ChainName}}
	c := chainParser{Report: r, text: []rune(text), plugins: plugins}
	f := &File{Names: r.Files, texts: r.Texts, Pipelines: []Pipeline{c.pipeline(name)}}
	if len(r.Mistakes) == 0 {
		f.resolve(plugins, r)
	}
	return f, r.Err()
}

// chainParser reads a description from left to right.
type chainParser struct {
	*mistake.Report
	text    []rune
	next    int // index in text
	plugins []pipeline.Plugin
}

func (c *chainParser) pipeline(name string) Pipeline {
	p := Pipeline{Name: name, At: c.at(0)}
	var groups [][]Stage
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
	if c.failed() {
		return p
	}
	last := len(groups) - 1
	p.Sources, p.Sinks = groups[0], groups[last]
	for _, g := range groups[1:last] {
		p.Filters = append(p.Filters, g...)
	}
	c.typeValues(pipeline.KindSource, p.Sources)
	c.typeValues(pipeline.KindFilter, p.Filters)
	c.typeValues(pipeline.KindSink, p.Sinks)
	return p
}

func (c *chainParser) failed() bool { return len(c.Mistakes) > 0 }

// group reads stages with + between them.
func (c *chainParser) group() (stages []Stage) {
	for {
		stages = append(stages, c.stage())
		if c.failed() || !c.skip('+') {
			return stages
		}
	}
}

func (c *chainParser) stage() Stage {
	word, at := c.word()
	s := Stage{Type: word, At: at}
	if word == "" {
		c.Add(at, "write the name of a plugin", "a stage is missing")
		return s
	}
	if !c.skip('(') {
		return s
	}
	for !c.skip(')') {
		c.setting(&s)
		if c.failed() {
			return s
		}
		if !c.skip(',') && c.peek() != ')' {
			c.Add(c.at(c.next), "", "the settings of `%s` have no end: `)` is missing", s.Type)
			return s
		}
	}
	return s
}

// setting reads name=value, or a further element of the list before.
func (c *chainParser) setting(s *Stage) {
	nameAt := c.next
	if name, at := c.word(); name != "" && c.skip('=') {
		if s.setting(name) != nil {
			c.Add(at, "", "setting `%s` is written twice", name)
			return
		}
		value, valueAt := c.value()
		s.Settings = append(s.Settings, Setting{
			Name: name, NameAt: at, At: valueAt, Value: []any{value}, ItemsAt: []Position{valueAt},
		})
		return
	}
	c.next = nameAt
	value, at := c.value()
	if len(s.Settings) == 0 {
		c.Add(at, "write name=value", "a value without a name")
		return
	}
	last := &s.Settings[len(s.Settings)-1]
	last.Value, last.ItemsAt = append(last.Value.([]any), value), append(last.ItemsAt, at)
}

// quotedText is a value that had quotes, and so is text.
type quotedText string

func (c *chainParser) value() (any, Position) {
	quote := c.peek()
	if quote != '\'' && quote != '"' {
		word, at := c.word()
		if word == "" {
			c.Add(at, "", "a value is missing")
		}
		return word, at
	}
	at := c.at(c.next)
	end := slices.Index(c.text[c.next+1:], quote)
	if end < 0 {
		c.Add(at, "", "the quotes have no end")
		return "", at
	}
	text := string(c.text[c.next+1 : c.next+1+end])
	c.next += end + 2
	return quotedText(text), at
}

// word reads up to a blank or a sign that means something here.
func (c *chainParser) word() (string, Position) {
	c.blanks()
	begin := c.next
	for c.next < len(c.text) && !unicode.IsSpace(c.text[c.next]) && !strings.ContainsRune("|+(),='\"", c.text[c.next]) {
		c.next++
	}
	return string(c.text[begin:c.next]), c.at(begin)
}

// skip reads a sign if it is the next.
func (c *chainParser) skip(sign rune) bool {
	if c.peek() != sign {
		return false
	}
	c.next++
	return true
}

// peek returns the next sign that is no blank, or 0 at the end.
func (c *chainParser) peek() rune {
	c.blanks()
	if c.next == len(c.text) {
		return 0
	}
	return c.text[c.next]
}

func (c *chainParser) blanks() {
	for c.next < len(c.text) && unicode.IsSpace(c.text[c.next]) {
		c.next++
	}
}

func (c *chainParser) at(i int) Position {
	line, column := 1, 1
	for _, r := range c.text[:i] {
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return Position{File: ChainName, Line: line, Column: column}
}

// typeValues makes the values of each stage what their settings want: in a shell there
// are no quotes to tell text from numbers.
func (c *chainParser) typeValues(kind pipeline.Kind, stages []Stage) {
	for i := range stages {
		types := map[string]setting.Type{}
		for _, p := range c.plugins {
			if p.Kind == kind && p.Type == stages[i].Type {
				for _, info := range Describe(p).Settings {
					types[info.Name] = info.Type
				}
			}
		}
		for j := range stages[i].Settings {
			s := &stages[i].Settings[j]
			items := s.Value.([]any)
			for k := range items {
				items[k] = typedWord(items[k], types[s.Name])
			}
			if len(items) == 1 {
				s.Value, s.ItemsAt = items[0], nil
			}
		}
	}
}

func typedWord(word any, t setting.Type) any {
	text := fmt.Sprint(word)
	if _, quoted := word.(quotedText); quoted || t == setting.Text {
		return text
	}
	if n, ok := parseText(text); ok {
		return n
	}
	if t == setting.Bool && (text == "true" || text == "false") {
		return text == "true"
	}
	return text
}
