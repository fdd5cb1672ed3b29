// Package markdown reads as much of Markdown as tests of the documentation need: links,
// the anchors of headings as GitHub makes them, and code.
package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Document is the text of a file, taken apart.
type Document struct {
	Links   []string // addresses of links and images, in their order
	Anchors map[string]bool
	Blocks  []Block
}

// Block is a piece of code.
type Block struct {
	Language string // of a fenced block, such as yaml; empty for an indented one
	Text     string
}

var (
	inline  = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)`)
	element = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	code    = regexp.MustCompile("`[^`]*`")
	heading = regexp.MustCompile(`^#{1,6} +(.*)$`)
)

// Parse takes a text apart.
func Parse(text string) Document {
	d := Document{Anchors: map[string]bool{}}
	var block *Block // the one that the line before belongs to
	fence := false
	blank := true // so was the line before
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		indented, isIndented := strings.CutPrefix(line, "    ")
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && fence:
			fence, block = false, nil
		case isFence:
			fence = true
			block = d.add(language)
		case fence:
			block.Text += line + "\n"
		case isIndented && (block != nil || blank):
			if block == nil {
				block = d.add("")
			}
			block.Text += indented + "\n"
		case line == "" && block != nil:
			block.Text += "\n"
		default:
			block = nil
			d.prose(line)
		}
		blank = line == ""
	}
	return d
}

func (d *Document) add(language string) *Block {
	d.Blocks = append(d.Blocks, Block{Language: language})
	return &d.Blocks[len(d.Blocks)-1]
}

// prose reads a line outside of code.
func (d *Document) prose(line string) {
	if match := heading.FindStringSubmatch(line); match != nil {
		d.addAnchor(match[1])
	}
	for _, match := range element.FindAllStringSubmatch(line, -1) {
		d.Links = append(d.Links, match[1])
	}
	for _, match := range inline.FindAllStringSubmatch(code.ReplaceAllString(line, "code"), -1) {
		d.Links = append(d.Links, match[1])
	}
}

// addAnchor adds the anchor of a heading, numbered if there are others like it.
func (d *Document) addAnchor(title string) {
	anchor := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	unique := anchor
	for i := 1; d.Anchors[unique]; i++ {
		unique = fmt.Sprintf("%s-%d", anchor, i)
	}
	d.Anchors[unique] = true
}
