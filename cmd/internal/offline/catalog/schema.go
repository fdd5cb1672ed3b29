package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Schema returns a JSON Schema (2020-12) of configuration files with the plugins, for
// editors to complete and check settings. It describes values before variables are
// replaced, so text with a variable is allowed everywhere. Only [config.Load] checks rules about
// several values, or about the format of text.
func Schema(plugins []pipeline.Plugin) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(fileSchema(plugins)); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return out.Bytes(), nil
}

// schema is as much of the vocabulary as is needed.
type schema struct {
	Schema      string `json:"$schema,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`

	Type      any      `json:"type,omitempty"` // a name or several
	Const     string   `json:"const,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`
	MinLength int      `json:"minLength,omitempty"`
	Minimum   any      `json:"minimum,omitempty"`
	Maximum   any      `json:"maximum,omitempty"`
	Items     *schema  `json:"items,omitempty"`
	MinItems  int      `json:"minItems,omitempty"`

	Properties    map[string]*schema `json:"properties,omitempty"`
	PropertyNames *schema            `json:"propertyNames,omitempty"`
	Required      []string           `json:"required,omitempty"`
	Additional    any                `json:"additionalProperties,omitempty"` // false or a schema

	AllOf []*schema `json:"allOf,omitempty"`
	AnyOf []*schema `json:"anyOf,omitempty"`
	OneOf []*schema `json:"oneOf,omitempty"`
	If    *schema   `json:"if,omitempty"`
	Then  *schema   `json:"then,omitempty"`

	Default  any   `json:"default,omitempty"`
	Examples []any `json:"examples,omitempty"`

	Defs map[string]*schema `json:"$defs,omitempty"`
}

// hasVariable matches text with a variable, which may stand for anything.
const hasVariable = `\$\{`

// Texts of which the decoder understands as much as this (sizes and durations as
// Go writes them).
const (
	sizePattern     = `^ *[0-9.]+([eE][-+]?[0-9]+)? *([kKMGT]?B|[KMGT]iB)?$`
	durationPattern = `^[-+]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*)$`
)

func fileSchema(plugins []pipeline.Plugin) *schema {
	s := sectionSchema(setting.Describe(config.GlobalSettings()))
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "pmtud configuration"
	s.Description = "Pipelines of sources, filters and sinks, and settings of the program as a whole."
	s.Properties["pipelines"] = &schema{
		Description: "Pipelines by name.", Type: "object",
		PropertyNames: keySchema(), Additional: &schema{Ref: "#/$defs/pipeline"},
	}
	s.Defs = map[string]*schema{"pipeline": pipelineSchema()}
	for _, kind := range []pipeline.Kind{pipeline.KindSource, pipeline.KindFilter, pipeline.KindSink} {
		s.Defs[kind.String()] = kindSchema(kind, plugins)
	}
	for _, p := range plugins {
		s.Defs[defName(p)] = pluginSchema(p)
	}
	return s
}

// defName returns the name of a plugin's definition.
func defName(p pipeline.Plugin) string { return p.Kind.String() + "." + p.Type }

func pipelineSchema() *schema {
	return &schema{
		Description: "Every filter must let a packet pass; every sink gets each packet that passed.",
		Type:        "object",
		Properties: map[string]*schema{
			"sources": stagesSchema(pipeline.KindSource, "Where packets come from."),
			"filters": stagesSchema(pipeline.KindFilter, "Filters, which decide about packets in this order."),
			"sinks":   stagesSchema(pipeline.KindSink, "Where packets that passed go."),
		},
		Required:   []string{"sources", "sinks"},
		Additional: false,
	}
}

func stagesSchema(kind pipeline.Kind, doc string) *schema {
	s := &schema{Description: doc, Type: "array", Items: &schema{Ref: "#/$defs/" + kind.String()}, MinItems: 1}
	if kind == pipeline.KindFilter {
		s.Type, s.MinItems = []string{"array", "null"}, 0
	}
	return s
}

// kindSchema describes the stages of a kind: the type tells which plugin's
// definition holds.
func kindSchema(kind pipeline.Kind, plugins []pipeline.Plugin) *schema {
	types := &schema{Description: "Name of the plugin.", Type: "string"}
	s := &schema{Type: "object", Properties: map[string]*schema{"type": types}, Required: []string{"type"}}
	for _, p := range plugins {
		if p.Kind != kind {
			continue
		}
		is := &schema{Const: p.Type, Description: setting.Sentence(p.Summary)}
		types.AnyOf = append(types.AnyOf, is)
		s.AllOf = append(s.AllOf, &schema{
			If:   &schema{Properties: map[string]*schema{"type": {Const: p.Type}}, Required: []string{"type"}},
			Then: &schema{Ref: "#/$defs/" + defName(p)},
		})
	}
	types.AnyOf = append(types.AnyOf, &schema{Pattern: hasVariable})
	return s
}

func pluginSchema(p pipeline.Plugin) *schema {
	info := Describe(p)
	s := sectionSchema(info.Settings)
	s.Title, s.Description = info.Kind+" "+info.Type, setting.Sentence(info.Summary)
	s.Properties["type"] = &schema{Const: p.Type, Description: setting.Sentence(info.Summary)}
	s.Properties["name"] = nameSchema("What the stage is called in counters and messages; its type if not set.")
	if p.Kind == pipeline.KindSink {
		s.Properties["filters"] = stagesSchema(pipeline.KindFilter, "Filters for this sink alone.")
		for _, info := range setting.Describe(config.SinkSettings()) {
			s.Properties[info.Name] = settingSchema(info)
		}
	}
	s.Required = append([]string{"type"}, s.Required...)
	return s
}

// nameSchema describes names, which may hold no control characters.
func nameSchema(doc string) *schema {
	return &schema{Description: doc, Type: "string", Pattern: `^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$`}
}

// keySchema describes names that are keys, in which variables are not replaced.
func keySchema() *schema {
	return &schema{AllOf: []*schema{nameSchema(""), {Pattern: `^([^$]|\$+[^${])*\$*$`}}}
}

// sectionSchema describes settings with names.
func sectionSchema(settings []setting.Info) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, info := range settings {
		s.Properties[info.Name] = settingSchema(info)
		if info.Required {
			s.Required = append(s.Required, info.Name)
		}
	}
	return s
}

func settingSchema(info setting.Info) *schema {
	s := valueSchema(info)
	if info.List {
		s = listSchema(info, s)
	}
	s.Description = setting.Sentence(info.Doc)
	if s.Default = info.Default; info.Type == setting.Section {
		s.Default = nil
	}
	if info.Example != nil {
		s.Examples = []any{info.Example}
	}
	return s
}

// listSchema lets a single value stand for a list of one.
func listSchema(info setting.Info, element *schema) *schema {
	list := &schema{Type: "array", Items: element}
	if info.Required {
		list.MinItems = 1
	}
	return &schema{AnyOf: []*schema{element, list}}
}

// valueSchema describes a single value. Bounds hold for numbers and patterns for
// texts, whatever else a value may be.
func valueSchema(info setting.Info) *schema {
	switch info.Type {
	case setting.Section:
		return sectionSchema(info.Settings)
	case setting.Text:
		return textSchema(info)
	case setting.Bool:
		return &schema{Type: []string{"boolean", "string"}, Pattern: hasVariable}
	case setting.Integer, setting.Number:
		return &schema{
			Type: []string{string(info.Type), "string"}, Pattern: hasVariable,
			Minimum: info.Min, Maximum: info.Max,
		}
	case setting.Duration: // of numbers only 0, which needs no unit
		return &schema{
			Type: []string{"string", "integer"}, Pattern: durationPattern + "|" + hasVariable,
			Minimum: json.Number("0"), Maximum: json.Number("0"),
		}
	case setting.Bytes:
		return &schema{
			Type: []string{"string", "number"}, Pattern: sizePattern + "|" + hasVariable,
			Minimum: sizeBound(info.Min, "0"), Maximum: sizeBound(info.Max, ""),
		}
	}
	return &schema{Type: []string{"string", "number", "boolean"}, Pattern: textPattern(info)}
}

// textPattern returns a pattern that text with a variable matches too.
func textPattern(info setting.Info) string {
	if info.Pattern == "" {
		return ""
	}
	return info.Pattern + "|" + hasVariable
}

func textSchema(info setting.Info) *schema {
	s := &schema{Type: "string", Pattern: textPattern(info)}
	switch {
	case info.Enum != nil:
		s.AnyOf = []*schema{{Enum: info.Enum}, {Pattern: hasVariable}}
	case info.Required && !info.List:
		s.MinLength = 1
	}
	return s
}

// sizeBound returns a bound of sizes as a number.
func sizeBound(bound any, otherwise string) any {
	var size setting.Size
	if bound == nil || size.UnmarshalText([]byte(setting.Line(bound))) != nil {
		if otherwise == "" {
			return nil
		}
		return json.Number(otherwise)
	}
	return json.Number(fmt.Sprint(int64(size)))
}
