package setting

import (
	"cmp"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Info describes what may be written for a setting. Its form as JSON is stable: fields are only
// ever added. Values are strings, bools, [json.Number]s or a []any of these, as they would be
// written; nil if there is none.
type Info struct {
	Name     string   `json:"name"`
	Type     Type     `json:"type"`
	List     bool     `json:"list"` // of Type; a single value stands for a list of one
	Required bool     `json:"required"`
	Default  any      `json:"default,omitempty"` // of Describe
	Min      any      `json:"min,omitempty"`     // inclusive, as Max
	Max      any      `json:"max,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Pattern  string   `json:"pattern,omitempty"` // that texts match; there may be more to them
	Example  any      `json:"example,omitempty"`
	Doc      string   `json:"doc"`

	// Settings are what a section is made of.
	Settings []Info `json:"settings,omitempty"`

	Secret bool                `json:"-"` // such as a key: drawings don't show its value
	Field  reflect.StructField `json:"-"` // its Index is that for the whole struct
}

// Type is the kind of value that a setting wants.
type Type string

// Types of settings.
const (
	Text     Type = "text"
	Bool     Type = "boolean"
	Integer  Type = "integer"
	Number   Type = "number"
	Duration Type = "duration" // text such as 10s or 1h30m
	Bytes    Type = "size"     // a number of bytes, or text such as 10MiB: see Size
	Scalar   Type = "scalar"   // text or number, of which the plugin decides
	Section  Type = "section"  // settings with names, at the top level or of each sink
)

// Of returns the settings that a struct, or a pointer to one, declares, in the order of its
// fields. Fields without a setting tag are none.
func Of(settings any) []Info {
	var all []Info
	for _, field := range fields(settings) {
		all = append(all, declared(field))
	}
	return all
}

// Describe is like [Of], and takes the values that the struct has for the defaults.
func Describe(settings any) []Info {
	v := reflect.Indirect(reflect.ValueOf(settings))
	all := []Info{}
	for _, s := range Of(settings) {
		value := v.FieldByIndex(s.Field.Index)
		switch {
		case s.Type == Section:
			s.Settings = Describe(value.Interface())
		case !s.Required:
			s.Default = Value(value)
		}
		all = append(all, s)
	}
	return all
}

// fields returns the fields of a struct, or of what a pointer points to, that are settings.
func fields(settings any) (all []reflect.StructField) {
	t := reflect.TypeOf(settings)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, field := range reflect.VisibleFields(t) {
		if field.Tag.Get("setting") != "" {
			all = append(all, field)
		}
	}
	return all
}

func declared(field reflect.StructField) Info {
	tag, t := field.Tag.Get, Element(field.Type)
	s := Info{
		Name:     tag("setting"),
		Type:     typeOf(t),
		List:     IsList(field.Type),
		Required: tag("required") == "true",
		Min:      parsed(tag("min"), t),
		Max:      parsed(tag("max"), t),
		Pattern:  cmp.Or(tag("pattern"), patternOf(t)),
		Example:  parsed(tag("example"), field.Type),
		Doc:      tag("doc"),
		Secret:   tag("secret") == "true",
		Field:    field,
	}
	if enum := tag("enum"); enum != "" {
		s.Enum = strings.Split(enum, ",")
	}
	if s.Type == Integer && s.Min == nil && s.Max == nil && t.Bits() <= 32 {
		s.Min, s.Max = Limits(t)
	}
	return s
}

var durationType = reflect.TypeFor[time.Duration]()

func typeOf(t reflect.Type) Type {
	switch {
	case t == reflect.TypeFor[Size]():
		return Bytes
	case t == durationType:
		return Duration
	case IsText(t):
		return Scalar
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return Section
	case reflect.Bool:
		return Bool
	case reflect.Float32, reflect.Float64:
		return Number
	case reflect.String:
		return Text
	}
	return Integer
}

// IsList reports whether fields of the type hold several values.
func IsList(t reflect.Type) bool { return t.Kind() == reflect.Slice && !IsText(t) }

// Element returns the type of a field's value, or of the elements of a list.
func Element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || IsList(t) {
		t = t.Elem()
	}
	return t
}

// patternOf returns the pattern that a type has of its own.
func patternOf(t reflect.Type) string {
	if p, ok := reflect.Zero(t).Interface().(interface{ Pattern() string }); ok {
		return p.Pattern()
	}
	return ""
}

// parsed returns what text in a tag stands for, or the text if it makes no sense.
func parsed(text string, t reflect.Type) any {
	if text == "" {
		return nil
	}
	v, err := Parse(text, t)
	if err != nil {
		return text
	}
	return Value(v)
}

// Limits returns the smallest and largest value of an integer type.
func Limits(t reflect.Type) (least, most json.Number) {
	bits := t.Bits()
	if t.Kind() >= reflect.Uint {
		return "0", json.Number(strconv.FormatUint(math.MaxUint64>>(64-bits), 10))
	}
	return json.Number(strconv.FormatInt(math.MinInt64>>(64-bits), 10)), json.Number(strconv.FormatInt(math.MaxInt64>>(64-bits), 10))
}
