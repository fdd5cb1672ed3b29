package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// PluginInfo tells all of a plugin, for people and, as JSON, for programs. Its form
// is stable: fields are only ever added.
type PluginInfo struct {
	Kind     string        `json:"kind"` // source, filter or sink
	Type     string        `json:"type"`
	Summary  string        `json:"summary"`
	Settings []SettingInfo `json:"settings"`
	Reasons  []ReasonInfo  `json:"reasons"`
	Metrics  []MetricInfo  `json:"metrics"`
}

// SettingInfo tells what may be written for a setting. Values are strings, bools,
// numbers or lists of these, as they would be written; nil if there is none.
type SettingInfo struct {
	Name     string      `json:"name"`
	Type     SettingType `json:"type"`
	List     bool        `json:"list"` // of Type; a single value stands for a list of one
	Required bool        `json:"required"`
	Default  any         `json:"default,omitempty"`
	Min      any         `json:"min,omitempty"` // inclusive, as Max
	Max      any         `json:"max,omitempty"`
	Enum     []string    `json:"enum,omitempty"`
	Pattern  string      `json:"pattern,omitempty"` // that texts match; there may be more to them
	Example  any         `json:"example,omitempty"`
	Doc      string      `json:"doc"`

	// Settings are what a section is made of.
	Settings []SettingInfo `json:"settings,omitempty"`
}

// SettingType is the kind of value that a setting wants.
type SettingType string

// Types of settings.
const (
	TypeText     SettingType = "text"
	TypeBool     SettingType = "boolean"
	TypeInteger  SettingType = "integer"
	TypeNumber   SettingType = "number"
	TypeDuration SettingType = "duration" // text such as 10s or 1h30m
	TypeSize     SettingType = "size"     // octets: a number, or text such as 10MiB
	TypeScalar   SettingType = "scalar"   // text or number, of which the plugin decides
	TypeSection  SettingType = "section"  // settings with names, at the top level or of each sink
)

// ReasonInfo tells why a plugin drops or fails packets.
type ReasonInfo struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// MetricInfo tells of a figure that the plugin has besides the books. Label is the
// name of what its values are told apart by, or empty.
type MetricInfo struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // counter or gauge
	Label string `json:"label,omitempty"`
	Doc   string `json:"doc"`
}

// Describe returns what a plugin declares.
func Describe(p pipeline.Plugin) PluginInfo {
	info := PluginInfo{
		Kind: p.Kind.String(), Type: p.Type, Summary: p.Summary,
		Settings: describeSettings(p.NewSettings()),
		Reasons:  []ReasonInfo{}, Metrics: []MetricInfo{},
	}
	for _, r := range p.Reasons {
		info.Reasons = append(info.Reasons, ReasonInfo{r.Name, r.Doc})
	}
	for _, m := range p.Metrics {
		info.Metrics = append(info.Metrics, MetricInfo{m.Name, m.Kind.String(), m.Label, m.Doc})
	}
	return info
}

// DescribeGlobal returns the settings of the top level, but for the pipelines.
func DescribeGlobal() []SettingInfo { return describeSettings(GlobalSettings()) }

// DescribeSink returns the settings that each sink has besides those of its plugin.
func DescribeSink() []SettingInfo { return describeSettings(SinkSettings()) }

// describeSettings returns the settings of a struct in the order of its fields.
func describeSettings(settings any) []SettingInfo {
	v := reflect.ValueOf(settings).Elem()
	all := []SettingInfo{}
	for _, s := range pipeline.SettingsOf(settings) {
		all = append(all, describeSetting(s, v.FieldByIndex(s.Field.Index)))
	}
	return all
}

func describeSetting(s pipeline.SettingInfo, value reflect.Value) SettingInfo {
	t := elementType(s.Field.Type)
	info := SettingInfo{
		Name: s.Name, Type: typeOf(t), List: isList(s.Field.Type), Required: s.Required,
		Min: bound(s, s.Min), Max: bound(s, s.Max), Enum: s.Enum, Pattern: s.Pattern, Example: example(s), Doc: s.Doc,
	}
	if info.Type == TypeSection {
		info.Settings = describeSettings(value.Addr().Interface())
		return info
	}
	if !s.Required {
		info.Default = valueOf(value)
	}
	if info.Type == TypeInteger && info.Min == nil && info.Max == nil && t.Bits() <= 32 {
		least, most := limits(t)
		info.Min, info.Max = Number(least), Number(most)
	}
	return info
}

func typeOf(t reflect.Type) SettingType {
	switch {
	case t == reflect.TypeFor[pipeline.Size]():
		return TypeSize
	case t == durationType:
		return TypeDuration
	case isText(t):
		return TypeScalar
	case isNested(t):
		return TypeSection
	}
	switch t.Kind() {
	case reflect.Bool:
		return TypeBool
	case reflect.Float32, reflect.Float64:
		return TypeNumber
	case reflect.String:
		return TypeText
	}
	return TypeInteger
}

// isList reports whether fields of the type hold several values.
func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice && !isText(t) }

// elementType returns the type of a field's value, or of the elements of a list.
func elementType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || isList(t) {
		t = t.Elem()
	}
	return t
}

func bound(s pipeline.SettingInfo, text string) any {
	if text == "" {
		return nil
	}
	s.Field.Type = elementType(s.Field.Type)
	return parsed(s, text)
}

func example(s pipeline.SettingInfo) any {
	if s.Example == "" {
		return nil
	}
	return parsed(s, s.Example)
}

// parsed returns what text in a tag stands for, or the text if it makes no sense.
func parsed(s pipeline.SettingInfo, text string) any {
	v, err := s.Parse(text)
	if err != nil {
		return text
	}
	return valueOf(v)
}

// plainDecimal matches what is a number to every reader.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// valueOf returns a field's value as that of a [Setting], so that it can be written:
// nil where there is none.
func valueOf(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return valueOf(v.Elem())
	case isList(v.Type()):
		items := []any{}
		for i := range v.Len() {
			items = append(items, valueOf(v.Index(i)))
		}
		return items
	case v.Kind() == reflect.Bool && !isText(v.Type()):
		return v.Bool()
	}
	if isText(v.Type()) && v.Kind() == reflect.Struct && !isWritten(v.Type()) {
		return nil // how it is written only the plugin knows
	}
	text := pipeline.SettingText(v)
	if v.Kind() != reflect.String && plainDecimal.MatchString(text) || v.CanFloat() && !isText(v.Type()) {
		return Number(strings.ToLower(text))
	}
	return text
}

// isWritten reports whether values of the type can be written as text.
func isWritten(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[fmt.Stringer]())
}

// MarshalJSON returns n as a number where JSON has such a one, otherwise as text.
func (n Number) MarshalJSON() ([]byte, error) {
	if v, err := n.unsigned(64); err == nil {
		return strconv.AppendUint(nil, v, 10), nil
	}
	if v, err := n.signed(64); err == nil {
		return strconv.AppendInt(nil, v, 10), nil
	}
	if v, err := n.float(64); err == nil {
		if text, err := json.Marshal(v); err == nil {
			return text, nil
		}
	}
	return json.Marshal(string(n))
}

// Kind returns what may be written, for people: for example "list of sizes".
func (s SettingInfo) Kind() string {
	kinds := map[SettingType]string{
		TypeBool: "true/false", TypeInteger: "whole number", TypeScalar: "text",
	}
	kind, ok := kinds[s.Type]
	if !ok {
		kind = string(s.Type)
	}
	switch {
	case !s.List:
		return kind
	case kind == "text":
		return "list of text"
	}
	return "list of " + kind + "s"
}

// Allowed returns the bounds or the texts that may be written, for people; empty if
// all are.
func (s SettingInfo) Allowed() string {
	switch {
	case s.Enum != nil:
		return strings.Join(s.Enum, ", ")
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf("%v to %v", s.Min, s.Max)
	case s.Min != nil:
		return fmt.Sprintf("%v or more", s.Min)
	case s.Max != nil:
		return fmt.Sprintf("up to %v", s.Max)
	}
	return ""
}

// Text returns a value of a description in one line; empty for nil.
func Text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []any:
		var items []string
		for _, v := range value {
			items = append(items, Text(v))
		}
		return strings.Join(items, ", ")
	}
	return fmt.Sprint(value)
}
