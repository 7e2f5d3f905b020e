// JPEG by libjpeg itself, for what is done most. libvips decodes and encodes with the same library, but in threads of its
// own and through images of rows between them, which costs as much as all else that is done to a small copy. And it hands
// the data on four kilobytes at a time, of which libjpeg reads the most part on its slow path.
#include "bridge.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

typedef struct {
	struct jpeg_error_mgr told;
	jmp_buf out;
} Trouble;

static void give_up(j_common_ptr c) {
	char text[JMSG_LENGTH_MAX];
	c->err->format_message(c, text);
	vips_error("jpeg", "%s", text);
	longjmp(((Trouble *) c->err)->out, 1);
}

static void say_nothing(j_common_ptr c, int level) {
	(void) c;
	(void) level;
}

static void watch_time(j_common_ptr c) {
	if (!tp_late())
		return;
	vips_error("teamspro", "killed for want of time");
	longjmp(((Trouble *) c->err)->out, 1);
}

static void trouble(Trouble *t, struct jpeg_progress_mgr *progress, j_common_ptr c) {
	c->err = jpeg_std_error(&t->told);
	t->told.error_exit = give_up;
	t->told.emit_message = say_nothing;
	progress->progress_monitor = watch_time;
}

// The source is all of the data at once. What is asked for beyond it is missing: the picture was cut off.
static void nothing_to_do(j_decompress_ptr c) { (void) c; }

static boolean no_more(j_decompress_ptr c) {
	vips_error("jpeg", "premature end of the data");
	longjmp(((Trouble *) c->err)->out, 1);
}

static void leave_out(j_decompress_ptr c, long n) {
	if (n <= 0)
		return;
	if ((size_t) n > c->src->bytes_in_buffer)
		no_more(c);
	c->src->next_input_byte += n;
	c->src->bytes_in_buffer -= n;
}

// Small is a JPEG on its way to becoming a small picture: each row is made shorter as it is decoded, and rows are mixed as
// soon as those they need are there. Nothing of the size of the source is ever held.
typedef struct {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_source_mgr source;
	struct jpeg_progress_mgr progress;
	Trouble trouble;
	TpReducer *reducer;
	JSAMPLE *row;
	JOCTET *profile;
	unsigned length; // of the profile
} Small;

static int small_picture(Small *s, const TpPart *part, VipsImage *out) {
	j_decompress_ptr c = &s->jpeg;
	if (setjmp(s->trouble.out))
		return -1;
	jpeg_create_decompress(c);
	c->src = &s->source;
	c->progress = &s->progress;
	if (part->profile)
		jpeg_save_markers(c, JPEG_APP0 + 2, 0xffff);
	jpeg_read_header(c, TRUE);
	if (c->data_precision != 8 || (c->num_components != 1 && c->num_components != 3)) {
		vips_error("jpeg", "colours of another kind");
		return -1;
	}
	c->scale_num = 1;
	c->scale_denom = part->shrink;
	c->out_color_space = JCS_RGB;
	jpeg_start_decompress(c);
	if (part->profile && !jpeg_read_icc_profile(c, &s->profile, &s->length))
		s->profile = NULL;
	int right = part->left + part->width, bottom = part->top + part->height;
	if (right > (int) c->output_width || bottom > (int) c->output_height) {
		vips_error("jpeg", "a part beside the picture");
		return -1;
	}
	if (!(s->row = g_try_malloc((size_t) c->output_width * 3)) ||
		!(s->reducer = tp_reducer_new(part->width, part->height, out->Xsize, out->Ysize)))
		return -1;
	for (int y = 0; y < bottom; y++) {
		jpeg_read_scanlines(c, &s->row, 1);
		if (y >= part->top)
			tp_reducer_row(s->reducer, s->row + 3 * part->left, 3, out, 0);
	}
	if (bottom == (int) c->output_height)
		jpeg_finish_decompress(c); // which sees whether the end is there
	return 0;
}

// tp_jpeg_small decodes a part of a JPEG, counted in pixels of the picture as it is decoded, and makes it a size in the same
// walk. Its profile, if asked for, goes with it. Only greys and three colours of eight bits are read here.
int tp_jpeg_small(const void *data, size_t size, const TpPart *part, int width, int height, VipsImage **out) {
	Small *s = g_try_malloc0(sizeof(Small));
	VipsImage *made = vips_image_new_memory();
	int bad = !s || !made;
	if (!bad) {
		vips_image_init_fields(made, width, height, 3, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE, VIPS_INTERPRETATION_sRGB, 1, 1);
		bad = vips_image_pipelinev(made, VIPS_DEMAND_STYLE_ANY, NULL) || vips_image_write_prepare(made);
	}
	if (!bad) {
		trouble(&s->trouble, &s->progress, (j_common_ptr) &s->jpeg);
		s->source = (struct jpeg_source_mgr) { data, size, nothing_to_do, no_more, leave_out, jpeg_resync_to_restart, nothing_to_do };
		bad = small_picture(s, part, made);
		jpeg_destroy_decompress(&s->jpeg);
	}
	if (!bad && s->profile)
		vips_image_set_blob_copy(made, VIPS_META_ICC_NAME, s->profile, s->length);
	if (s) {
		tp_reducer_free(s->reducer);
		free(s->profile);
		g_free(s->row);
	}
	g_free(s);
	if (bad)
		g_object_unref(made);
	else
		*out = made;
	return bad ? -1 : 0;
}

// Page is a JPEG that is being written.
typedef struct {
	struct jpeg_compress_struct jpeg;
	struct jpeg_progress_mgr progress;
	Trouble trouble;
	unsigned char *data;
	unsigned long size;
} Page;

static int write_page(Page *p, VipsImage *in, int quality) {
	j_compress_ptr c = &p->jpeg;
	if (setjmp(p->trouble.out))
		return -1;
	jpeg_create_compress(c);
	c->progress = &p->progress;
	jpeg_mem_dest(c, &p->data, &p->size);
	c->image_width = in->Xsize;
	c->image_height = in->Ysize;
	c->input_components = in->Bands;
	c->in_color_space = in->Bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(c);
	jpeg_set_quality(c, quality, TRUE);
	c->optimize_coding = TRUE;
	if (quality >= 90) // where libvips stops to store colours at half the size
		c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(c, TRUE);
	while (c->next_scanline < c->image_height) {
		JSAMPROW row = VIPS_IMAGE_ADDR(in, 0, c->next_scanline);
		jpeg_write_scanlines(c, &row, 1);
	}
	jpeg_finish_compress(c);
	return 0;
}

// tp_jpeg_write writes a picture of one or three bands of eight bits without any metadata. It is given back as memory to be
// freed with g_free.
int tp_jpeg_write(VipsImage *in, int quality, void **data, size_t *size) {
	VipsImage *memory = vips_image_copy_memory(in);
	if (!memory)
		return -1;
	Page *p = g_try_malloc0(sizeof(Page));
	int bad = !p || memory->BandFmt != VIPS_FORMAT_UCHAR || memory->Coding != VIPS_CODING_NONE || (memory->Bands != 1 && memory->Bands != 3);
	if (!bad) {
		trouble(&p->trouble, &p->progress, (j_common_ptr) &p->jpeg);
		bad = write_page(p, memory, quality);
		jpeg_destroy_compress(&p->jpeg);
	}
	if (bad && p)
		free(p->data);
	if (!bad) {
		*data = p->data;
		*size = p->size;
	}
	g_free(p);
	g_object_unref(memory);
	return bad ? -1 : 0;
}
