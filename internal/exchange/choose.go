package exchange

import (
	"slices"

	"teamspro/internal/contact"
)

// Targets are what a person may choose for a column, in the order in which they look for it. What needs two columns to say one
// thing, such as a number and its kind, can be guessed and is not chosen.
func Targets() []Target {
	all := []Target{Unknown, Target(contact.FieldName), First, Last}
	for _, f := range contact.Fields {
		switch f {
		case contact.FieldName, contact.FieldKind, contact.FieldCustom:
		default:
			all = append(all, Target(f))
		}
	}
	return append(all, Street, Postcode, City, State, Country, Named, Identity)
}

// Chosen is the mapping with what a person chose for some columns, by their places from 0. What is chosen is sure.
func (m Mapping) Chosen(targets map[int]Target) Mapping {
	m.Columns = slices.Clone(m.Columns)
	for i := range m.Columns {
		c := &m.Columns[i]
		t, chosen := targets[i]
		if !chosen {
			continue
		}
		if c.Target != t {
			c.Target, c.Group = t, ""
		}
		c.Sure = true
	}
	return m
}

// Twice is what several columns say, of which a contact has one; ok is false when there is none such.
func (m Mapping) Twice() (t Target, ok bool) {
	taken := map[Target]bool{}
	for _, c := range m.Columns {
		if single(c.Target) && taken[c.Target] {
			return c.Target, true
		}
		taken[c.Target] = true
	}
	return Unknown, false
}
