//! `unroll devnet new`: a chain in a folder.

use super::{Failed, about, args::New, object, progress, recipe, say};
use std::time::Instant;
use unroll_serve::folder;

pub(super) fn run(args: &New) -> Result<(), Failed> {
    let clock = Instant::now();
    let recipe = recipe(&args.chain)?;
    let (bundle, blocks) = (recipe.bundle.clone(), recipe.blocks);
    let bar = progress(blocks);
    let devnet = recipe.make(|head| bar.set_position(head.min(blocks)))?;
    bar.set_message("writing");
    let summary = folder::write(&args.path, &devnet, bundle.as_ref(), blocks)?;
    bar.finish_and_clear();
    if args.json {
        let path = args.path.display().to_string();
        return Ok(say(&format!("{:#}\n", object(&summary, &[("path", path.into())])))?);
    }
    let path = args.path.display();
    let range = args.path.join(folder::RANGE);
    Ok(say(&format!(
        "{}\nwritten to {path} in {:.1} s. Next:\n  unroll verify {}\n  unroll devnet serve {path}\n",
        about(&summary),
        clock.elapsed().as_secs_f64(),
        range.display(),
    ))?)
}
