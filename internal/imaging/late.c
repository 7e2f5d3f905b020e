// libvips is opened, and libjpeg with it, when a worker asks for it, not when the program starts: it comes with a hundred libraries, and a
// process that serves people needs none of them. Each function of it that this program calls, here or in bimg, is a jump
// to an address that tp_open fills in; until then it does nothing and gives 0. So the linker finds all that is asked of
// libvips here, and leaves the library out of what the program needs (LDFLAGS in vips.go). A function that is missing in
// the list brings the library back, which TestLibvipsIsOpenedLate sees. On other processors libvips is linked as usual.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#if defined(__x86_64__)
#define JUMP(name) "jmpq *tp_at_" name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) "adrp x16, tp_at_" name "\nldr x16, [x16, #:lo12:tp_at_" name "]\nbr x16\n"
#endif

const char *tp_open(void);

#ifdef JUMP

#define FUNCTIONS \
	F(g_byte_array_append) F(g_byte_array_free) F(g_byte_array_new) F(g_free) \
	F(g_get_monotonic_time) F(g_object_ref) F(g_object_unref) F(g_signal_connect_data) \
	F(g_strfreev) F(g_strv_contains) F(g_try_malloc) F(g_try_malloc0) \
	F(g_type_check_instance_cast) F(jpeg_CreateCompress) F(jpeg_CreateDecompress) F(jpeg_destroy_compress) \
	F(jpeg_destroy_decompress) F(jpeg_finish_compress) F(jpeg_finish_decompress) F(jpeg_mem_dest) \
	F(jpeg_read_header) F(jpeg_read_icc_profile) F(jpeg_read_scanlines) F(jpeg_resync_to_restart) \
	F(jpeg_save_markers) F(jpeg_set_defaults) F(jpeg_set_quality) F(jpeg_start_compress) \
	F(jpeg_start_decompress) F(jpeg_std_error) F(jpeg_write_scanlines) F(vips_affine) \
	F(vips_area_unref) F(vips_array_double_new) F(vips_arrayjoin) F(vips_autorot) \
	F(vips_bandjoin2) F(vips_bandjoin_const1) F(vips_black) F(vips_block_untrusted_set) \
	F(vips_cache_drop_all) F(vips_cache_set_max) F(vips_cache_set_max_files) F(vips_cache_set_max_mem) \
	F(vips_cache_set_trace) F(vips_cast) F(vips_cast_uchar) F(vips_colourspace) \
	F(vips_colourspace_issupported) F(vips_composite2) F(vips_concurrency_set) F(vips_copy) \
	F(vips_crop) F(vips_draw_image) F(vips_draw_mask) F(vips_draw_rect) \
	F(vips_embed) F(vips_enum_nick) F(vips_error) F(vips_error_buffer) \
	F(vips_error_clear) F(vips_extract_area) F(vips_extract_band) F(vips_find_trim) \
	F(vips_flatten) F(vips_flip) F(vips_foreign_find_load_buffer) F(vips_format_sizeof_unsafe) \
	F(vips_gamma) F(vips_gaussblur) F(vips_getpoint) F(vips_gifload_buffer) \
	F(vips_gifsave_buffer) F(vips_heifload_buffer) F(vips_heifsave_buffer) F(vips_icc_transform) \
	F(vips_ifthenelse) F(vips_image_copy_memory) F(vips_image_get_array_int) F(vips_image_get_fields) \
	F(vips_image_get_int) F(vips_image_get_page_height) F(vips_image_get_string) F(vips_image_get_typeof) \
	F(vips_image_guess_interpretation) F(vips_image_init_fields) F(vips_image_new) F(vips_image_new_from_memory_copy) \
	F(vips_image_new_matrix_from_array) F(vips_image_new_memory) F(vips_image_pio_input) F(vips_image_pipelinev) \
	F(vips_image_remove) F(vips_image_set_array_int) F(vips_image_set_blob_copy) F(vips_image_set_int) \
	F(vips_image_set_kill) F(vips_image_set_progress) F(vips_image_write_prepare) F(vips_image_write_to_memory) \
	F(vips_init) F(vips_interpolate_get_window_size) F(vips_interpolate_new) F(vips_interpretation_get_type) \
	F(vips_jpegload_buffer) F(vips_jpegsave_buffer) F(vips_linear) F(vips_linear1) \
	F(vips_magickload_buffer) F(vips_maplut) F(vips_multiply) F(vips_object_get_type) \
	F(vips_object_local_array) F(vips_object_print_all) F(vips_pdfload_buffer) F(vips_pngload_buffer) \
	F(vips_pngsave_buffer) F(vips_premultiply) F(vips_recomb) F(vips_reduce) \
	F(vips_region_new) F(vips_region_prepare) F(vips_replicate) F(vips_resize) \
	F(vips_rot) F(vips_rot45) F(vips_sharpen) F(vips_shrink) \
	F(vips_shutdown) F(vips_smartcrop) F(vips_svgload_buffer) F(vips_text) \
	F(vips_thread_shutdown) F(vips_tiffload_buffer) F(vips_tiffsave_buffer) F(vips_tracked_get_allocs) \
	F(vips_tracked_get_mem) F(vips_tracked_get_mem_highwater) F(vips_type_find) F(vips_unpremultiply) \
	F(vips_vector_set_enabled) F(vips_webpload_buffer) F(vips_webpsave_buffer) F(vips_zoom)

static void *nothing(void) { return NULL; }

#define F(name) \
	__attribute__((visibility("hidden"))) void *tp_at_##name = (void *) nothing; \
	__asm__(".pushsection .text\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name ":\n" \
		JUMP(#name) ".size " #name ", .-" #name "\n.popsection\n");
FUNCTIONS
#undef F

#define F(name) { #name, &tp_at_##name },
static const struct { const char *name; void **at; } functions[] = { FUNCTIONS };
#undef F

// tp_open opens libvips and gives NULL, or why it could not.
const char *tp_open(void) {
	void *vips = dlopen("libvips.so.42", RTLD_NOW | RTLD_GLOBAL);
	if (!vips)
		return dlerror();
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		void *at = dlsym(vips, functions[i].name);
		if (!at)
			return dlerror();
		*functions[i].at = at;
	}
	return NULL;
}

#else

const char *tp_open(void) { return NULL; }

#endif
