package cards

// Presets lists the plans with names: those that everybody has, and the organisation's own.
func Presets(t Texts, v PresetsView) Card {
	return fit(len(v.Own), func(shown int) layout {
		var body []Element
		if v.Notice != "" {
			body = append(body, banner(v.Notice))
		}
		body = append(body, heading(t.Text("preset.title")), text(Escape(v.Hint)))
		var own, builtin []ColumnSet
		for _, r := range v.Own[:shown] {
			own = append(own, presetRow(t, v, r))
		}
		for _, r := range v.Builtin {
			builtin = append(builtin, presetRow(t, v, r))
		}
		if len(v.Own) > 0 {
			body = append(body, section(t.Text("preset.own")))
			body = append(body, separate(own)...)
			body = append(body, more(t, len(v.Own), shown)...)
		}
		body = append(body, section(t.Text("preset.builtin")))
		body = append(body, separate(builtin)...)
		return newLayout(plain(short(join(" ", v.Notice, t.Text("preset.title"), v.Hint), 400)), body, orHelp(t, steps(v.Next))...)
	})
}

func presetRow(t Texts, v PresetsView, r PresetRow) ColumnSet {
	name := short(r.Name, 60)
	row := beside([]Element{strong(name), small(short(sentence(r.Does), 200)).tight()})
	if v.Picture != "" {
		row.Columns = append(row.Columns, link(t.Text("preset.apply"), t.Text("preset.apply.name", "Name", name), PictureVerb(v.Picture, v.At, "preset", r.Key)))
	}
	if r.MayDelete {
		row.Columns = append(row.Columns, link(t.Text("preset.delete"), t.Text("preset.delete.name", "Name", name), path("preset", r.Key, "delete")))
	}
	return row
}
