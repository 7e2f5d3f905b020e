package bot

import "teamspro/cards"

// Routes is the table of contents: one line for each thing that a person can do, by the surface on which they do it.
// The README carries it as `teamspro routes` prints it.
func (b *Bot) Routes(key App) *Router {
	r := &Router{app: key}
	if key == Both {
		b.bothRoutes(r)
	}
	b.signInRoutes(r)
	b.settingsRoutes(r)
	b.noticeRoutes(r)
	if key.has(ContactPro) {
		b.contactRoutes(r)
	}
	if key.has(ImagePro) {
		b.imageRoutes(r)
	}
	return r
}

// contactRoutes are Contact Pro's.
func (b *Bot) contactRoutes(r *Router) {

	// Chat
	r.Command("help", b.help, "what can be typed")
	r.Command("hello", b.hello, "the welcome again")
	r.Command("find", b.findContacts, "contacts by any words: find marta in sales")
	r.Command("who-is", b.whoIs, "whose number this is: who is +33 6 12…")
	r.Command("show", b.showContact, "one contact, whole")
	r.Command("add", b.addByWords, "a contact from a line, or the form")
	r.Command("edit", b.editByName, "a contact with its form")
	r.Command("delete", b.deleteByName, "a contact into the trash, asked once")
	r.Command("import", b.importTyped, "contacts from a file: xlsx, CSV, vCard, JSON; it comes with the message, or is behind a link")
	r.Command("undo", b.undoLast, "the last change taken back, or the last import")
	r.Command("history", b.historyByName, "who changed what, and when")
	r.Command("duplicates", b.showDuplicates, "contacts that may be the same, and why")
	r.Command("trash", b.showTrash, "what was deleted in the last 30 days")
	r.Command("tags", b.showTags, "tags and saved filters")
	r.Command("favourites", b.showFavourites, "the contacts one has marked, and the last seen")
	r.Command("books", b.showBooks, "the contact books of this place")
	r.Command("export", b.exportByWords, "contacts as a file: export, export #supplier paris")
	r.Command("privacy", b.showPrivacy, "what is stored, and how long")
	r.Command(unknown, b.unknownWords, "anything else: a search is offered")

	// Message extension
	r.Query("findContact", b.searchContacts, "search from the compose box; favourites and recents on open")
	r.Select("contact/{id}", b.chooseContact, "a chosen result, fresh, and remembered among the recents")
	r.Extend("addContact", b.openExtensionForm, b.submitAdd, "add a contact from the compose box or from a message")

	// Card buttons: lists
	r.Action("help", b.help, "what can be typed")
	r.Action("find", b.searchHint, "how to search")
	r.Action("find/{skip}/{query}", b.findPage, "a page of a search")
	r.Action("favourites", b.showFavourites, "favourites and recents")
	r.Action("trash", b.showTrash, "the trash")
	r.Action("tags", b.showTags, "tags and saved filters")
	r.Action("filter/save/{query}", b.saveFilter, "keep a search under a name")
	r.Action("filter/drop/{name}", b.dropFilter, "forget a saved search")
	r.Action("books", b.showBooks, "the books")
	r.Action("privacy", b.showPrivacy, "what is stored")

	// Card buttons: one contact
	r.Action("contact/{id}", b.openContact, "a contact chosen from a list")
	r.Action("contact/{id}/view", b.refreshContact, "the contact as this viewer may see it")
	r.Action("contact/{id}/favourite", b.markFavourite, "mark as favourite")
	r.Action("contact/{id}/unfavourite", b.unmarkFavourite, "no favourite any more")
	r.Action("contact/{id}/post", b.postContact, "drop the card into the conversation")
	r.Action("contact/{id}/delete", b.askDelete, "ask before deleting")
	r.Action("contact/{id}/{version}/remove", b.deleteContact, "delete")
	r.Action("contact/{id}/history", b.showHistory, "the contact's history")
	r.Action("contact/{id}/duplicates", b.duplicatesOf, "what the contact may be the same as")
	r.Action("change/{id}/undo", b.undoChange, "take a change back, or a whole step")
	r.Action("change/{id}/restore/{field}", b.restoreField, "bring one field back")

	// Card buttons: duplicates
	r.Action("duplicates", b.showDuplicates, "contacts that may be the same")
	r.Action("duplicates/{skip}", b.duplicatesPage, "another page of them")
	r.Action("duplicates/{ids}/apart", b.setApart, "these are not the same")
	r.Action("duplicates/{ids}/together", b.unsetApart, "they may be, after all")

	// Card buttons: books
	r.Action("book/{id}/share/read", b.shareToRead, "let this conversation read a book")
	r.Action("book/{id}/share/edit", b.shareToEdit, "let this conversation change a book")
	r.Action("book/{id}/unshare/{conversation}", b.unshare, "end a share")
	r.Action("book/{id}/restore", b.restoreBook, "bring back the books that waited here")

	// Card buttons: files
	r.Action("export", b.exportByWords, "the books, to take one out as a file")
	r.Action("export/book/{id}", b.chooseExport, "a book as a file: in which format")
	r.Action("export/book/{id}/{format}", b.exportBook, "the file")
	r.Action("export/find/{query}", b.chooseFound, "what a search found as a file")
	r.Action("export/find/{query}/{format}", b.exportQuery, "that file")
	r.Action("contact/{id}/card", b.callingCard, "a contact for a telephone to read")
	r.Action("contact/{id}/vcard", b.exportContact, "a contact as a vCard")
	// Card buttons: imports
	r.Action(cards.TemplateVerb, b.offerTemplate, "an empty table to fill in")
	r.Action("import/file/{file}/look", b.lookPressed, "what a file would change, its columns as they were guessed")
	r.Action("import/file/{file}/drop", b.dropFile, "forget a file")
	r.Action("import/{id}/start", b.startImport, "begin an import, or go on with it")
	r.Action("import/{id}/cancel", b.cancelImport, "no more of it")
	r.Action("import/{id}/undo", b.undoImport, "take it back as one step")
	r.Action("import/{id}/show", b.showImport, "the book it went into")

	// Dialogs
	r.Dialog("import/file/{file}/columns", b.openColumns, b.submitColumns, "what the columns of a file hold")
	r.Dialog("import/file/{file}/book", b.openImportBook, b.submitImportBook, "the book that a file goes into")
	r.Dialog("contact/add", b.openAddForm, b.submitAdd, "add a contact")
	r.Open("contact/add/named/{name}", b.openAddForm, "add a contact, begun with what was typed")
	r.Dialog("contact/{id}/edit", b.openEditForm, b.submitEdit, "change a contact")
	r.Dialog("duplicates/{ids}/merge", b.openMerge, b.submitMerge, "one contact of several, compared field by field")
	r.Submit("duplicates/{ids}/look", b.lookAtMerge, "what the choices would make of them")
	r.Dialog("book/new", b.openNewBook, b.submitNewBook, "make another book")
	r.Dialog("book/{id}/settings", b.openSettings, b.submitSettings, "who may change a book")

	// Lifecycle
	r.Lifecycle(eventAdded, b.welcome, "welcome a conversation, bind a book to it")
	r.Lifecycle(eventRemoved, b.goodbye, "forget the place, keep its books to be restored")
	r.Lifecycle(eventClosed, b.closeChannel, "a channel was deleted: keep its books to be restored")
	r.Lifecycle(eventReopened, b.reopenChannel, "a channel was restored")

	r.Other("fileConsent/invoke", b.answerOffer, "an offered file is taken, or not")

	// Acknowledged, nothing else
	r.Other("composeExtension/onCardButtonClicked", b.acknowledge, "a button of a card sent from an app without bot")
	r.Other("card/invoke", b.acknowledge, "the invoke action of an older card")
}

// imageRoutes are Image Pro's.
func (b *Bot) imageRoutes(r *Router) {
	// Chat: a picture comes with the message, or is the one worked on last
	r.Command("help", b.imageHelp, "what can be typed")
	r.Command("hello", b.hello, "the welcome again")
	r.Command("info", b.pictureInfo, "what is known of a picture")
	r.Command("images", b.findImages, "pictures of SharePoint: images harbour")
	r.Command("library", b.showLibrary, "where the pictures of this conversation are")
	r.Command("save", b.saveTyped, "the picture as a file: save as harbour.webp")
	r.Command("save-version", b.saveVersion, "the picture as a new version of its file")
	r.Command("share", b.shareLatest, "a link to the file for the organisation")
	r.Command("file", b.fileLatest, "the result as a file, in a personal chat")
	r.Command("undo", b.undoLatest, "the last step taken back")
	r.Command("redo", b.redoLatest, "a step brought again")
	r.Command("privacy", b.showPrivacy, "what is stored, and how long")
	r.Command("pins", b.showPins, "the pictures that the conversation keeps at hand")
	r.Command("pin", b.pinLatest, "keep the file worked on last at hand: pin Harbour at dawn")
	r.Command("unpin", b.unpin, "take one down: unpin 3")
	r.Command("presets", b.showPresets, "plans with names, or one of them applied: preset mail")
	r.Command("preset-save", b.savePreset, "a plan gets a name: preset save banner = resize 800 | webp")
	r.Command("preset-delete", b.deletePreset, "a plan loses its name")
	r.Command("batch", b.askBatch, "a plan for all that a search finds: batch harbour: resize 800")
	r.Command(unknown, b.editPicture, "any plan: resize 800 | grey | webp, for one picture or ten, or behind a link; or a picture alone")

	// Card buttons
	r.Action("help", b.imageHelp, "what can be typed")
	r.Action("privacy", b.showPrivacy, "what is stored")
	r.Action("image/{id}/{at}/undo", b.undoPicture, "a step back")
	r.Action("image/{id}/{at}/redo", b.redoPicture, "a step forward again")
	r.Action("image/{id}/{at}/info", b.aboutPicture, "what is known of the picture")
	r.Action("image/{id}/{at}/do/{plan}", b.applyPlan, "a plan, one press away")
	r.Action("image/{id}/{at}/preset/{name}", b.applyPreset, "a preset, one press away")
	r.Action("image/{id}/{at}/show", b.showPicture, "a picture of a list, in a message of its own")
	r.Action("image/{id}/{at}/file", b.filePressed, "the picture as a file")
	r.Action("several/{ids}/files", b.filesOfSeveral, "several pictures as files")

	// Dialogs
	r.Dialog("image/{id}/{at}/edit/{tool}", b.openEdit, b.applyEdit, "resize, crop, redact, annotate, convert, with a preview")
	r.Submit("image/{id}/{at}/try/{tool}", b.tryEdit, "the preview of what a dialog says")
	r.Dialog("image/{id}/save", b.openSave, b.submitSave, "save: as what, where, and what is said of it")
	r.Submit(cards.SettingsToLibrary, b.toLibrary, "from the settings to the dialog below")
	r.Dialog("library/choose", b.openLibrary, b.submitLibrary, "choose the library of this conversation")

	// Message extension
	r.Query("findImage", b.searchImages, "search from the compose box; what was seen last on open")
	r.Select("item/{ref}", b.chooseImage, "a chosen picture, fresh, and remembered among the recents")
	r.Extend(editImage, b.openEditImage, b.submitEditImage, "edit a picture of a message, or the last one from the compose box")

	// Card buttons: files
	r.Action("images/{skip}", b.imagesPage, "a page of the newest pictures")
	r.Action("images/{skip}/{query}", b.imagesPage, "a page of a search")
	r.Action("item/{ref}", b.showItem, "a picture chosen from a list")
	r.Action("item/{ref}/open", b.openItem, "the file on the desk of whoever pressed")
	r.Action("item/{ref}/do/{plan}", b.doItem, "the same, with a plan")
	r.Action("item/{ref}/info", b.itemInfo, "what is known of the file")
	r.Action("item/{ref}/share", b.shareItem, "a link to it for the organisation")
	r.Action("item/{ref}/post", b.postItem, "the shared file as a message")
	r.Action("library", b.showLibrary, "where the pictures of this conversation are")
	r.Action("library/default", b.usualAgain, "back to the usual library")

	// Card buttons: saving
	r.Action("image/{id}/{at}/save", b.askSavePicture, "what the picture can become")
	r.Action("image/{id}/{at}/share", b.sharePicture, "a link to its file")
	r.Action("image/{id}/{at}/version/{how}", b.pressVersion, "a new version of its file")
	r.Action("image/{id}/{at}/new/{how}/{name}", b.pressFile, "a new file")

	// Card buttons: sets of pictures
	r.Action("pins", b.showPins, "what the conversation keeps at hand")
	r.Action("pins/{skip}", b.pinsPage, "another page of them")
	r.Action("pin/{ref}", b.pinFile, "keep a file at hand")
	r.Action("pin/{ref}/as/{caption}", b.pinFile, "keep it at hand, with a caption")
	r.Action("pin/{ref}/caption/{caption}", b.captionPin, "another caption")
	r.Action("pin/{ref}/drop", b.dropPin, "take it down")
	r.Action("pin/{ref}/open", b.openPin, "work on it")
	r.Action("presets", b.showPresets, "plans with names")
	r.Action("preset/{name}/save/{plan}", b.savePresetAgain, "bring a plan's name back")
	r.Action("preset/{name}/delete", b.dropPreset, "a plan loses its name")
	r.Action("batch/search/{words}/choose", b.chooseBatch, "something for all that a search found")
	r.Action("batch/search/{words}/typed", b.typedBatch, "what was typed for all of it")
	r.Action("batch/search/{words}/do/{plan}", b.wishBatch, "a preset for all of it")
	r.Action("batch/{id}/start", b.startBatch, "begin a batch, or go on with it")
	r.Action("batch/{id}/cancel", b.cancelBatch, "no more of it")
	r.Action("batch/{id}/show", b.showBatch, "how far it has come")

	// Lifecycle
	r.Lifecycle(eventAdded, b.welcome, "welcome a conversation")
	r.Lifecycle(eventRemoved, b.goodbye, "forget the place")
	r.Lifecycle(eventClosed, b.closeChannel, "a channel was deleted")
	r.Lifecycle(eventReopened, b.reopenChannel, "a channel was restored")
	r.Other("fileConsent/invoke", b.answerOffer, "an offered file is taken, or not")
	r.Other("card/invoke", b.acknowledge, "the invoke action of an older card")
}

func (b *Bot) acknowledge(*Turn) error { return nil }

// settingsRoutes are both apps'.
func (b *Bot) settingsRoutes(r *Router) {
	r.Command("settings", b.showSettings, "what was decided for this conversation, and by whom")
	r.Action("settings", b.showSettings, "the settings")
	r.Dialog(cards.ChangeSettings, b.openChange, b.submitChange, "decide for this conversation: language, time zone, news, guests")
	r.Dialog(cards.OrganisationSettings, b.openOrganisation, b.submitOrganisation, "decide for the organisation")
	r.Configure(b.openChange, "the same dialog, from the app's entry in a team or chat")
}

// signInRoutes are both apps'.
func (b *Bot) signInRoutes(r *Router) {
	r.Command("sign-in", b.signIn, "sign in with Microsoft 365; also takes the code of the sign-in page")
	r.Command("sign-out", b.signOut, "forget the sign-in and the profile")
	r.Command("me", b.me, "one's own profile, as the directory has it")
	r.Action("sign-in", b.signIn, "sign in")
	r.Action("sign-out", b.signOut, "sign out")
	r.Action("me/forget", b.forgetMe, "forget the profile")
	r.SignIn("signin/tokenExchange", b.exchangeToken, "Teams vouches for somebody who was asked to sign in")
	r.SignIn("signin/verifyState", b.verifyState, "the code of the sign-in page")
	r.Other("signin/failure", b.acknowledge, "Teams could not sign somebody in")
}

// noticeRoutes are both apps': what owners announce.
func (b *Bot) noticeRoutes(r *Router) {
	r.Command("announce", b.beginAnnouncement, "say something in several channels: announce The canteen is closed")
	r.Command("announcements", b.showAnnouncements, "one's own announcements, and what became of them")
	r.Command("recall", b.recallLatest, "take back what one announced last, everywhere")
	r.Command("correct", b.correctLatest, "correct what one announced last, everywhere")
	r.Action("announcements", b.showAnnouncements, "one's own announcements")
	r.Action("announcement/{id}/seen", b.acknowledgeAnnouncement, "somebody has seen an announcement")
	r.Action("announcement/{id}/view", b.viewAnnouncement, "the announcement as this viewer sees it")
	r.Action("announcement/{id}/recall", b.askRecall, "ask before taking it back")
	r.Action("announcement/{id}/withdraw", b.withdraw, "take it back")
	r.Dialog("announce/new", b.openAnnouncement, b.lookAtAnnouncement, "write an announcement, then look at what would be sent")
	r.Open("announce/new/{words}", b.openAnnouncement, "the same, begun with what was typed")
	r.Submit("announce/back", b.backToAnnouncement, "change it once more")
	r.Submit("announce/send", b.sendAnnouncement, "send it")
	r.Dialog("announcement/{id}/correct", b.openCorrection, b.submitCorrection, "correct it in every channel")
}
