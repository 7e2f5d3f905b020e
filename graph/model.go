package graph

import (
	"strings"
	"time"

	ser "github.com/microsoft/kiota-abstractions-go/serialization"

	"teamspro/internal/image"
)

// What follows are the parts of Graph's types that are used, in the form the SDK's parser fills: a table of fields by
// name. Fields that are not in a table are passed over.

type fields = map[string]func(ser.ParseNode) error

// readOnly is a type that is never sent.
type readOnly struct{}

// Serialize implements the SDK's Parsable: nothing is written.
func (readOnly) Serialize(ser.SerializationWriter) error { return nil }

func text(to *string) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		v, err := n.GetStringValue()
		if v != nil {
			*to = *v
		}
		return err
	}
}

func number(to *int64) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		v, err := n.GetInt64Value()
		if v != nil {
			*to = *v
		}
		return err
	}
}

func moment(to *time.Time) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		v, err := n.GetTimeValue()
		if v != nil {
			*to = v.UTC()
		}
		return err
	}
}

func texts(to *[]string) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		list, err := n.GetCollectionOfPrimitiveValues("string")
		for _, v := range list {
			if s, ok := v.(*string); ok && s != nil {
				*to = append(*to, *s)
			}
		}
		return err
	}
}

// parsable is a pointer to a type of ours.
type parsable[T any] interface {
	*T
	ser.Parsable
}

func fresh[T any, P parsable[T]](ser.ParseNode) (ser.Parsable, error) { return P(new(T)), nil }

func object[T any, P parsable[T]](to *P) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		v, err := n.GetObjectValue(fresh[T, P])
		if p, ok := v.(P); ok {
			*to = p
		}
		return err
	}
}

func objects[T any, P parsable[T]](to *[]P) func(ser.ParseNode) error {
	return func(n ser.ParseNode) error {
		list, err := n.GetCollectionOfObjectValues(fresh[T, P])
		for _, v := range list {
			if p, ok := v.(P); ok && p != nil {
				*to = append(*to, p)
			}
		}
		return err
	}
}

// page is a part of a list.
type page[T any, P parsable[T]] struct {
	readOnly
	value []P
	next  string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (p *page[T, P]) GetFieldDeserializers() fields {
	return fields{"value": objects(&p.value), "@odata.nextLink": text(&p.next)}
}

// driveItem is a file or folder. Source: Graph v1.0, resource driveItem.
type driveItem struct {
	readOnly
	id, name, eTag, cTag, webURL, download string
	size                                   int64
	modified, created                      time.Time
	by, maker                              *identitySet
	file                                   *fileFacet
	folder, root, remote, deleted          *facet
	image                                  *imageFacet
	parent                                 *parentReference
}

// itemFields is the $select that driveItem reads.
var itemFields = []string{"id", "name", "eTag", "cTag", "webUrl", "size", "lastModifiedDateTime", "lastModifiedBy", "file", "folder", "root", "image", "parentReference"}

// GetFieldDeserializers implements the SDK's Parsable.
func (d *driveItem) GetFieldDeserializers() fields {
	return fields{"id": text(&d.id), "name": text(&d.name), "eTag": text(&d.eTag), "cTag": text(&d.cTag), "webUrl": text(&d.webURL),
		"@microsoft.graph.downloadUrl": text(&d.download), "size": number(&d.size), "lastModifiedDateTime": moment(&d.modified), "lastModifiedBy": object(&d.by),
		"file": object(&d.file), "folder": object(&d.folder), "root": object(&d.root), "remoteItem": object(&d.remote), "image": object(&d.image),
		"parentReference": object(&d.parent), "createdDateTime": moment(&d.created), "createdBy": object(&d.maker), "deleted": object(&d.deleted)}
}

// item is the driveItem as the products see it. The drive is that of the parent, or the one that was asked.
func (d *driveItem) item(drive string) image.Item {
	i := image.Item{Name: d.name, Folder: d.folder != nil || d.root != nil, Size: d.size, ETag: d.eTag, WebURL: d.webURL, Modified: d.modified, By: d.by.name()}
	if d.parent != nil {
		if d.parent.drive != "" {
			drive = d.parent.drive
		}
		if d.parent.id != "" {
			i.Parent = image.ItemRef{Drive: drive, Item: d.parent.id}
		}
	}
	i.Ref = image.ItemRef{Drive: drive, Item: d.id}
	if d.file != nil {
		i.MIME = d.file.mime
	}
	if d.image != nil {
		i.W, i.H = int(d.image.w), int(d.image.h)
	}
	if i.Folder {
		i.Size = 0 // of everything in it, and changing
	}
	return i
}

// whole tells whether Graph gave what no item can be without.
func (d *driveItem) whole(drive string) bool {
	_, err := image.ParseRef(d.item(drive).Ref.String())
	return err == nil && d.size >= 0 && d.name != ""
}

// hash is the quickXorHash of the content, empty when the drive keeps none.
func (d *driveItem) hash() string {
	if d.file == nil || d.file.hashes == nil {
		return ""
	}
	return d.file.hashes.quickXor
}

// state tells one content of the file from another: the cTag, which changes with the content only, where there is one.
func (d *driveItem) state() string {
	if d.cTag != "" {
		return d.cTag
	}
	return d.eTag
}

// facet is an object of which only counts that it is there.
type facet struct{ readOnly }

// GetFieldDeserializers implements the SDK's Parsable.
func (*facet) GetFieldDeserializers() fields { return nil }

type fileFacet struct {
	readOnly
	mime   string
	hashes *hashes
}

// GetFieldDeserializers implements the SDK's Parsable.
func (f *fileFacet) GetFieldDeserializers() fields {
	return fields{"mimeType": text(&f.mime), "hashes": object(&f.hashes)}
}

type hashes struct {
	readOnly
	quickXor string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (h *hashes) GetFieldDeserializers() fields { return fields{"quickXorHash": text(&h.quickXor)} }

type imageFacet struct {
	readOnly
	w, h int64
}

// GetFieldDeserializers implements the SDK's Parsable.
func (i *imageFacet) GetFieldDeserializers() fields {
	return fields{"width": number(&i.w), "height": number(&i.h)}
}

type parentReference struct {
	readOnly
	drive, id, path string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (p *parentReference) GetFieldDeserializers() fields {
	return fields{"driveId": text(&p.drive), "id": text(&p.id), "path": text(&p.path)}
}

type identitySet struct {
	readOnly
	user *namedThing
}

// GetFieldDeserializers implements the SDK's Parsable.
func (s *identitySet) GetFieldDeserializers() fields { return fields{"user": object(&s.user)} }

func (s *identitySet) name() string {
	if s == nil || s.user == nil {
		return ""
	}
	return s.user.displayName
}

// namedThing is a person, a site or a drive, as far as its name goes.
type namedThing struct {
	readOnly
	id, displayName, name, webURL string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (n *namedThing) GetFieldDeserializers() fields {
	return fields{"id": text(&n.id), "displayName": text(&n.displayName), "name": text(&n.name), "webUrl": text(&n.webURL)}
}

// itemVersion is a version of a file; the list of them begins with the current one.
type itemVersion struct {
	readOnly
	id       string
	size     int64
	modified time.Time
	by       *identitySet
}

// GetFieldDeserializers implements the SDK's Parsable.
func (v *itemVersion) GetFieldDeserializers() fields {
	return fields{"id": text(&v.id), "size": number(&v.size), "lastModifiedDateTime": moment(&v.modified), "lastModifiedBy": object(&v.by)}
}

// thumbnailSet holds the small pictures of a file, by the names of their sizes.
type thumbnailSet struct {
	readOnly
	sizes map[string]*thumbnail
}

// GetFieldDeserializers implements the SDK's Parsable.
func (s *thumbnailSet) GetFieldDeserializers() fields {
	f := fields{}
	for _, size := range thumbnailSizes {
		f[size.name] = func(n ser.ParseNode) error {
			t := new(thumbnail)
			err := object(&t)(n)
			if t.url != "" {
				s.sizes = with(s.sizes, size.name, t)
			}
			return err
		}
	}
	return f
}

func with[V any](m map[string]V, key string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = v
	return m
}

type thumbnail struct {
	readOnly
	url string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (t *thumbnail) GetFieldDeserializers() fields { return fields{"url": text(&t.url)} }

// permission is what createLink makes.
type permission struct {
	readOnly
	link *namedThing
}

// GetFieldDeserializers implements the SDK's Parsable.
func (p *permission) GetFieldDeserializers() fields { return fields{"link": object(&p.link)} }

// uploadSession is a large upload under way.
type uploadSession struct {
	readOnly
	url    string
	ranges []string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (s *uploadSession) GetFieldDeserializers() fields {
	return fields{"uploadUrl": text(&s.url), "nextExpectedRanges": texts(&s.ranges)}
}

// user is what the directory says of a person.
type user struct {
	readOnly
	id, displayName, mail, upn, title, department, office, mobile string
	business                                                      []string
}

var userFields = []string{"id", "displayName", "mail", "userPrincipalName", "jobTitle", "department", "officeLocation", "mobilePhone", "businessPhones"}

// GetFieldDeserializers implements the SDK's Parsable.
func (u *user) GetFieldDeserializers() fields {
	return fields{"id": text(&u.id), "displayName": text(&u.displayName), "mail": text(&u.mail), "userPrincipalName": text(&u.upn), "jobTitle": text(&u.title),
		"department": text(&u.department), "officeLocation": text(&u.office), "mobilePhone": text(&u.mobile), "businessPhones": texts(&u.business)}
}

func (u *user) phone() string {
	if u.mobile == "" && len(u.business) > 0 {
		return u.business[0]
	}
	return u.mobile
}

// body is JSON that is sent.
type body map[string]any

// GetFieldDeserializers implements the SDK's Parsable: nothing is read.
func (body) GetFieldDeserializers() fields { return nil }

// Serialize implements the SDK's Parsable.
func (b body) Serialize(w ser.SerializationWriter) error { return w.WriteAdditionalData(b) }

// extension is the end of a name, with its dot.
func extension(name string) (stem, ext string) {
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		return name[:at], name[at:]
	}
	return name, ""
}
