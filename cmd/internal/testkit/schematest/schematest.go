// Package schematest validates configuration files as an editor does: with readers
// and a validator that are none of pmtud's own.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Compile returns the validator for a schema, after it validated the schema itself.
func Compile(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pmtud.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("pmtud.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// ErrForm says that a file holds nothing that could be validated: it is no YAML or
// TOML, or holds what JSON has no form for, such as infinity.
var ErrForm = errors.New("file has no form in JSON")

// Validate returns what is wrong with a file by a schema.
func Validate(schema *jsonschema.Schema, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("validate file: %w", err)
	}
	var value any
	if filepath.Ext(name) == ".toml" {
		err = toml.Unmarshal(text, &value)
	} else {
		err = yaml.Unmarshal(text, &value)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	return schema.Validate(value)
}
