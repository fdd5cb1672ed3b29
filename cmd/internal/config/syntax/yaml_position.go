package syntax

import (
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// position returns where a node begins.
func (y *yamlReader) position(n ast.Node) mistake.Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return y.position(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return y.position(n.Key)
	case *ast.MappingKeyNode:
		if n.Value != nil {
			return y.position(n.Value)
		}
	}
	return y.tokenPosition(n.GetToken())
}

// tokenPosition returns where a token begins. The lexer counts white space behind
// unquoted text, and some tabs, as if they stood before the token. So the column is only
// right if the token's text is there.
func (y *yamlReader) tokenPosition(t *token.Token) mistake.Position {
	at := y.at(t.Position.Line, max(1, t.Position.Column))
	text, line := beginning(t), y.runes(at)
	if len(text) == 0 {
		return at
	}
	isThere := func(i int) bool { return slices.Equal(line[i:min(i+len(text), len(line))], text) }
	from := min(at.Column-1, len(line))
	for i := from; i >= 0; i-- {
		if isThere(i) {
			at.Column = i + 1
			return at
		}
	}
	for i := from; i < len(line); i++ {
		if isThere(i) {
			at.Column = i + 1
			break
		}
	}
	return at
}

// runes returns the characters of a line. It keeps them for the next token.
func (y *yamlReader) runes(at mistake.Position) []rune {
	if y.line != at.Line {
		y.line, y.lineRunes = at.Line, []rune(y.Texts.Line(at))
	}
	return y.lineRunes
}

// beginning returns the text that a token begins with in the file, nothing if it is not known.
func beginning(t *token.Token) []rune {
	switch t.Type {
	case token.DoubleQuoteType:
		return []rune{'"'}
	case token.SingleQuoteType:
		return []rune{'\''}
	case token.ImplicitNullType, token.InvalidType:
		return nil
	}
	text := strings.TrimSpace(t.Value)
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		text = text[:end]
	}
	return []rune(text)
}
