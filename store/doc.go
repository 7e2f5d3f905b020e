// Package store keeps everything that outlives a request in one bbolt file, and is the only package that
// knows bbolt. A call that returned without error is on disk (two fsyncs, never switched off).
//
// It holds no rules about who may do what: internal/contact and bot declare the ports it implements and
// decide. No transaction leaves the package; what it returns are copies.
//
// # Schema 7
//
// This comment is the schema. What a tenant owns lies in the tenant's own bucket, so that tenants cannot
// meet and that removing one is deleting one bucket. "·" is a NUL byte, which no id may contain; <time> is 8
// bytes, nanoseconds since 1970, big-endian; <number> is 8 bytes, big-endian; <mark> is 8 random bytes; <hash> is the first 16 bytes of the SHA-256 of a key; <version>
// is 8 bytes, big-endian. JSON values are records of this package's own (record.go): fields may be added,
// names must not change.
//
//	meta
//	    "schema"                           the number of the schema, in decimal
//	    "file"                             a random name of this file, given when it was made
//	    "probe"                            what Ready tries to write on a full disk; removed when it succeeded
//	answered
//	    <hash of activity key>             <time> when its reply was delivered
//	answeredtimes                          the same by age, for the purge
//	    <time><hash>                       nothing
//	owed
//	    <hash of activity key>             JSON owedRecord: a reply not delivered yet, without its text
//	tenants
//	    <tenant>
//	        contacts
//	            <contact>                  JSON contactRecord
//	        changes
//	            <change>                   JSON changeRecord: who changed what when, with both records around it
//	        journal                        the changes of the tenant in their order, the last 10,000 at least
//	            <number>                   <mark><change>·<change>…: those of one transaction, by the number of the last;
//	                                       the first entry of a tenant older than schema 2 is 0, without <change>;
//	                                       nor has an entry one where a book was erased: the row of changes breaks there
//	        history                        the changes of each contact, in their order
//	            <contact>·<version>        <change>
//	        trash
//	            <contact>                  JSON trashRecord: the contact as it was, and its deletion
//	        trashtimes                     the deletions of each book, oldest first
//	            <book>·<time><contact>     <change>
//	        deeds
//	            <hash of deed key>         <time><change>: what the deed did
//	        deedtimes                      the same by age, for the purge
//	            <time><hash>               nothing
//	        books
//	            <book>                     JSON bookRecord
//	        bookindex                      the books by whom they concern; each key is derived from a book
//	            home·<conversation>·<book>        nothing
//	            share·<conversation>·<book>       nothing
//	            person·<person>·<book>            nothing; personal books only
//	            tenant·<book>                     nothing; tenant books only
//	            first·<kind>·<conversation>       <book>: the unnamed book of a place
//	            first·<kind>·<person>             <book>: the unnamed book of a person
//	            erasing·<book>                    JSON erasingRecord, in the place of a book that is being erased
//	        meetings
//	            <person>·<conversation>    nothing: the person uses the books of the conversation
//	        marks
//	            <person>                   JSON marksRecord
//	        conversations
//	            <conversation>·<app>       JSON referenceRecord: how to speak in a conversation
//	        tokens
//	            <person>·<app>             JSON tokenRecord: a sealed sign-in; nobody reads it without the key, which is not in the file
//	        profiles
//	            <person>                   JSON profileRecord: what Graph said of a person at their last sign-in
//	        libraries
//	            <conversation>             JSON libraryRecord: the folder that a conversation chose for its images
//	        images
//	            <drive>·<item>             JSON imageRecord: title, alt text, tags, what was done, by whom and when
//	        saves
//	            <hash of deed key>         JSON saveRecord: a save that began, and what became of it
//	        seen
//	            <person>                   JSON seenRecord: the images that a person looked at last
//	        pins
//	            <conversation>             JSON pinsRecord: the images that a conversation keeps at hand
//	        presets
//	            <folded name>              JSON presetRecord: a plan of the organisation with a name
//	        batches
//	            <batch>                    JSON batchRecord: how far a plan over many images has come
//	        configurations
//	            <conversation>             JSON configurationRecord; the organisation's is under "*"
//	        wanted                         the kinds of events that anybody subscribed to; derived from the configurations
//	            <kind>                     nothing
//	        watches
//	            <conversation>             JSON watchRecord: how far the changes of a library were read, and for whom
//	        events                         what happened and was not sorted yet, in its order
//	            <number>                   JSON eventRecord: ids only
//	        gatherings
//	            <conversation>·<product>   JSON gatheringRecord: events that a place will be told of
//	        notices
//	            <notice>                   JSON noticeRecord: a message to be sent, or that was, without its words
//	        sheets                         notices that were made together, 25 at most, each posting an announcement in another place
//	            <notice>                   JSON sheetRecord; the key is the id of the first, and the others follow it (notice.NewIDs)
//	        courses                        how far the notices of the sheets have come
//	            <notice>                   a course (course.go), under the key of its sheet
//	        due                            the notices that are not final, each when it is to be sent
//	            <notice>                   <time>, and "s" behind it while the notice is being sent; "sheet" for a sheet of which
//	                                       not all are final
//	        noticekeys                     the notices that were made and the events that were sorted, by their keys
//	            <hash of key>              <time><notice>; of an event <time> only
//	        noticekeytimes                 the same by age, for the purge
//	            <time><hash>               nothing
//	        announcements
//	            <announcement>             JSON announcementRecord
//	        copies
//	            <announcement>·<notice>    what the notice does with it: "post", "update" or "remove"; "sheet" for those of a sheet
//	        acknowledged
//	            <announcement>·<person>    <time>
//	        imports
//	            <import>                   JSON importRecord: a file on its way into a book, in counts and ids
//	        importrows                     the rows of imports that are not dealt with, many in one value
//	            <import>·<number>          compressed JSON of rows; the number is that of the first, from 0
//	        apart                          contacts that look like one and were said to be two; the smaller id first
//	            <contact>·<contact>        nothing
//	        pseudonyms                     under which names people, and their chats with the bot, stand in the audit log
//	            of·<id>                    <pseudonym>
//	            is·<pseudonym>             <id>
//	            erasing·<person>           JSON leavingRecord: a person who is being erased
//	        audit
//	            <number>                   JSON auditRecord, with the hash of the one before it; numbers have no gaps; people are pseudonyms
//
// # Outbox
//
// What waits in the outbox is held in memory too (queue.go), because the sender asks again and again what is to be said
// next, and most of what waits cannot be sent yet. The file is what counts: the queue is read from it by Open, and follows
// each commit.
//
// # Damage
//
// bbolt serves a damaged file without a word until it meets the damage, and then ends the process. So Open
// reads the whole structure first (inspect.go) and refuses a file that is not sound.
//
// # Full disks
//
// A write that the disk refuses fails with fault.Busy and changes nothing. Reading goes on; Ready reports the
// trouble until a trial write succeeds.
package store
