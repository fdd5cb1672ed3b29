package syntax

import (
	"strings"

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
	text, ok := beginning(t)
	if !ok {
		return at
	}
	line := y.runes(at)
	from := min(at.Column-1, len(line))
	for i := from; i >= 0; i-- {
		if hasPrefix(line[i:], text) {
			at.Column = i + 1
			return at
		}
	}
	for i := from; i < len(line); i++ {
		if hasPrefix(line[i:], text) {
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

func hasPrefix(line []rune, text string) bool {
	i := 0
	for _, r := range text {
		if i == len(line) || line[i] != r {
			return false
		}
		i++
	}
	return true
}

// beginning returns the text that a token begins with in the file.
func beginning(t *token.Token) (text string, ok bool) {
	switch t.Type {
	case token.DoubleQuoteType:
		return `"`, true
	case token.SingleQuoteType:
		return `'`, true
	case token.ImplicitNullType, token.InvalidType:
		return "", false
	}
	words := strings.Fields(t.Value)
	if len(words) == 0 {
		return "", false
	}
	return words[0], true
}
