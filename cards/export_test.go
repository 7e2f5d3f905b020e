package cards

func exports() ExportView {
	formats := []Step{{"Excel", ExportVerb("b1", "xlsx")}, {"CSV", ExportVerb("b1", "csv")}, {"vCard", ExportVerb("b1", "vcard")}, {"JSON", ExportVerb("b1", "json")}}
	return ExportView{Title: "Sales: 212 contacts", Text: "As which file?", Formats: formats,
		Others: []ExportRow{{"Ada Byron’s own", "12 contacts", ExportVerb("b2", "")}, {hostileName, "1 contact", ExportVerb("b/3", "")}}}
}

func exportGoldens() map[string]any {
	return map[string]any{
		"export-books": Export(english, exports()),
		"export-found": Export(french, ExportView{Title: "3 contacts pour « #vip »", Text: "Dans quel type de fichier ?", Formats: []Step{{"Excel", ExportFoundVerb("#vip", "xlsx")}}}),
		"export-link":  Download(english, DownloadView{Title: "Sales.xlsx", Text: "212 contacts. The link is yours alone.", URL: "https://bot.contoso.example/x/t/Sales.xlsx?e=1&k=2", Next: []Step{{"Help", "help"}}}),
		"card-qr":      CallingCard(english, CallingCardView{ID: "c7", Name: "Marta Gonzáles", Line: "Head of Sales, Contoso", Picture: "https://bot.contoso.example/x/t/contact.png?k=1", Next: []Step{{"Show contact", ContactVerb("c7")}}}),
		"card-plain":   CallingCard(french, CallingCardView{ID: "c7", Name: hostileName, Picture: "https://bot.contoso.example/x/t/contact.png?k=2"}),
	}
}
